import type {
  DirectHandler,
  ExcessHandler,
  Methods,
  StreamHandler,
  UnaryHandler,
} from "../engine.ts";

/** How the calls of one path are served; one of the handlers is there. */
export class Method {
  readonly path: string;
  readonly direct: DirectHandler | undefined;
  /** What answers a call of `direct` that is more than can be carried; `undefined`: each is served. */
  readonly excess: ExcessHandler | undefined;
  readonly unary: UnaryHandler | undefined;
  readonly stream: StreamHandler | undefined;

  constructor(path: string, methods: Methods) {
    this.path = path;
    this.direct = methods.direct?.get(path);
    this.excess = methods.excess?.get(path);
    this.unary = methods.unary.get(path);
    this.stream = methods.stream.get(path);
  }
}

/** By path. Where a method has a direct and a unary handler, the direct one serves. */
export function methodTable(methods: Methods): ReadonlyMap<string, Method> {
  const paths = [
    ...methods.unary.keys(),
    ...methods.stream.keys(),
    ...(methods.direct?.keys() ?? []),
  ];
  return new Map(paths.map((path) => [path, new Method(path, methods)]));
}
