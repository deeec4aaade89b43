/**
 * What the demo shows, against the rules in envoy/rules and the routes in envoy.yaml. `expected` is what every run has to see: the
 * demo fails when it does not.
 */
export const scenes = [
  {
    title: "A login name may be tried twice a minute",
    rules: "login.yaml",
    requests: repeat(3, { path: "/login", headers: { "x-user": "alice" } }),
    expected: [200, 200, 429],
  },
  {
    title: "Somebody else has a counter of their own",
    rules: "login.yaml",
    requests: repeat(1, { path: "/login", headers: { "x-user": "bob" } }),
    expected: [200],
  },
  {
    title: "Nested descriptors: a user of the free plan has 3 requests a minute",
    rules: "api.yaml",
    requests: repeat(4, { path: "/api/things", headers: { "x-plan": "free", "x-user": "carol" } }),
    expected: [200, 200, 200, 429],
  },
  {
    title: "…and a user of the pro plan 10",
    rules: "api.yaml",
    requests: repeat(4, { path: "/api/things", headers: { "x-plan": "pro", "x-user": "dave" } }),
    expected: [200, 200, 200, 200],
  },
  {
    title: "A wildcard: everything under /search/ shares 5 a minute, whatever the query",
    rules: "api.yaml",
    requests: ["cats", "dogs?page=2", "dogs?page=3", "birds", "fish", "frogs"].map((what) => ({
      path: `/search/${what}`,
    })),
    expected: [200, 200, 200, 200, 200, 429],
  },
  {
    title: "A report costs 5 hits of 10 an hour",
    rules: "reports.yaml",
    requests: repeat(3, { path: "/reports", headers: { "x-user": "erin" } }),
    expected: [200, 200, 429],
  },
  {
    title: "Shadow mode: over its limit, and only the metrics say so",
    rules: "api.yaml",
    requests: repeat(3, { path: "/beta" }),
    expected: [200, 200, 200],
  },
];

/** Shown while VelocityGate is stopped. */
export const outage = [
  {
    title: "VelocityGate is stopped: a route with failure_mode_deny: false lets requests pass",
    requests: repeat(1, { path: "/api/things", headers: { "x-plan": "free", "x-user": "carol" } }),
    expected: [200],
  },
  {
    title: "…and the strict route turns them away",
    requests: repeat(1, { path: "/login", headers: { "x-user": "bob" } }),
    expected: [503],
  },
];

function repeat(count, request) {
  return Array.from({ length: count }, () => request);
}
