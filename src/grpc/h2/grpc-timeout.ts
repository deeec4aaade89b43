/** gRPC over HTTP/2, «Timeout»: one to eight digits and a unit. */

const unitMs: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 0.001,
  n: 0.000_001,
};

/** The milliseconds that a `grpc-timeout` says; `undefined`: it says nothing that the protocol knows. */
export function parseTimeout(value: string): number | undefined {
  const last = value.length - 1;
  const unit = unitMs[value.charAt(last)];
  if (unit === undefined || last < 1 || last > 8) return undefined;
  let count = 0;
  for (let at = 0; at < last; at += 1) {
    const digit = value.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    count = count * 10 + digit;
  }
  return count * unit;
}
