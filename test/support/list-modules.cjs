// Loaded before a program: when it ends, tells which CommonJS modules of node_modules it has loaded, as every package of OpenTelemetry
// is one.
process.on("exit", () => {
  const found = Object.keys(require.cache)
    .flatMap((file) => file.match(/node_modules\/((?:@[^/]+\/)?[^/]+)\//)?.[1] ?? [])
    .filter((name, at, all) => all.indexOf(name) === at);
  process._rawDebug(`modules: ${found.sort().join(" ")}`);
});
