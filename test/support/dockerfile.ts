/**
 * Carries out the stages of our Dockerfile by hand: no container engine, no registry. Each stage becomes a directory; COPY takes
 * what .dockerignore lets through; RUN runs in that directory with the Node of the image. It knows the instructions that our file
 * has, and refuses every other.
 */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { basename, delimiter, join, posix } from "node:path";

/** What an engine would know of the finished image. */
export interface Image {
  /** Its files, without those of its base. */
  readonly root: string;
  readonly base: string;
  readonly env: Readonly<Record<string, string>>;
  readonly user: string;
  readonly entrypoint: readonly string[];
  readonly healthcheck: readonly string[];
}

export interface BuildOptions {
  /** The directory that holds the Dockerfile and .dockerignore. */
  readonly context: string;
  /** An empty directory for the stages. */
  readonly workspace: string;
  /** The directory of the `node` that RUN meets first. */
  readonly nodeDirectory: string;
}

interface Instruction {
  readonly name: string;
  readonly rest: string;
}

interface Stage {
  readonly root: string;
  readonly base: string;
  workdir: string;
  readonly env: Record<string, string>;
  user: string;
  entrypoint: readonly string[];
  healthcheck: readonly string[];
}

/** @returns the last stage */
export function buildImage(options: BuildOptions): Image {
  const args: Record<string, string> = {};
  const stages = new Map<string, Stage>();
  let stage: Stage | undefined;
  for (const { name, rest } of parseDockerfile(join(options.context, "Dockerfile"))) {
    if (name === "ARG") {
      const [key = "", value = ""] = splitOnce(rest, "=");
      args[key] = value;
    } else if (name === "FROM") {
      const [from = "", , stageName = `stage-${stages.size}`] = rest.split(/\s+/);
      stage = startStage(from, stageName, args, options.workspace);
      stages.set(stageName, stage);
    } else {
      carryOut({ name, rest }, stage, stages, options);
    }
  }
  if (stage === undefined) throw new Error("the Dockerfile has no stage");
  return stage;
}

/** The images that stages start from, as they are named. */
export function baseImages(dockerfile: string): string[] {
  return parseDockerfile(dockerfile)
    .filter(({ name }) => name === "ARG")
    .map(({ rest }) => splitOnce(rest, "=")[1] ?? "");
}

function startStage(
  from: string,
  name: string,
  args: Readonly<Record<string, string>>,
  workspace: string,
): Stage {
  const base = from.replace(/^\$\{(\w+)\}$/, (_, key: string) => args[key] ?? "");
  const root = join(workspace, name);
  mkdirSync(root);
  return { root, base, workdir: "/", env: {}, user: "0", entrypoint: [], healthcheck: [] };
}

function carryOut(
  { name, rest }: Instruction,
  stage: Stage | undefined,
  stages: ReadonlyMap<string, Stage>,
  options: BuildOptions,
): void {
  if (stage === undefined) throw new Error(`${name} stands before the first FROM`);
  switch (name) {
    case "WORKDIR":
      stage.workdir = posix.resolve(stage.workdir, rest);
      mkdirSync(join(stage.root, stage.workdir), { recursive: true });
      return;
    case "ENV": {
      const [key = "", value = ""] = splitOnce(rest, "=");
      stage.env[key] = value;
      return;
    }
    case "COPY":
      copy(rest, stage, stages, options.context);
      return;
    case "RUN":
      run(rest, stage, options);
      return;
    case "USER":
      stage.user = rest;
      return;
    case "EXPOSE":
      return;
    case "ENTRYPOINT":
      stage.entrypoint = JSON.parse(rest) as string[];
      return;
    case "HEALTHCHECK":
      stage.healthcheck = JSON.parse(splitOnce(rest, "CMD ")[1] ?? "") as string[];
      return;
    default:
      throw new Error(`this instruction is not known here: ${name}`);
  }
}

function copy(
  rest: string,
  stage: Stage,
  stages: ReadonlyMap<string, Stage>,
  context: string,
): void {
  const words = rest.split(/\s+/);
  const from = words[0]?.startsWith("--from=") ? words.shift()?.slice("--from=".length) : undefined;
  const to = words.pop() ?? "";
  const target = join(stage.root, posix.resolve(stage.workdir, to));
  for (const source of words) {
    const path =
      from === undefined
        ? join(context, allowed(source, context))
        : join(stages.get(from)?.root ?? "/no-such-stage", source);
    // A directory's content is copied, and a file into a directory that ends with a slash.
    cpSync(path, to.endsWith("/") ? join(target, basename(source)) : target, {
      recursive: true,
      verbatimSymlinks: true,
    });
  }
}

/** Of a .dockerignore that shuts everything out and lets single names in again. */
function allowed(source: string, context: string): string {
  const lines = readFileSync(join(context, ".dockerignore"), "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  if (lines[0] !== "*") throw new Error(".dockerignore does not shut everything out first");
  if (!lines.includes(`!${source.replace(/^\.\//, "")}`)) {
    throw new Error(`.dockerignore keeps ${source} out of the build`);
  }
  return source;
}

function run(command: string, stage: Stage, { nodeDirectory }: BuildOptions): void {
  const { PATH } = process.env;
  const { status, stdout, stderr } = spawnSync("sh", ["-c", command], {
    cwd: join(stage.root, stage.workdir),
    env: {
      ...inherited(),
      PATH: [nodeDirectory, PATH].join(delimiter),
      // What `npm ci` of this checkout fetched is not fetched again.
      npm_config_prefer_offline: "true",
      ...stage.env,
    },
    encoding: "utf8",
    timeout: 180_000,
  });
  if (status !== 0) throw new Error(`RUN ${command}\n${stdout}${stderr}`);
}

/** Where packages come from and whom to trust, but nothing of the npm and the Jest that run this. */
function inherited(): NodeJS.ProcessEnv {
  const own = /^(npm_(lifecycle|package)_|npm_config_(local_|global_)?prefix$|NODE_(ENV|OPTIONS)$)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !own.test(name)));
}

/** Instructions with their continued lines joined, without comments. */
function parseDockerfile(path: string): Instruction[] {
  if (!existsSync(path)) throw new Error(`${path} is not there`);
  const instructions: Instruction[] = [];
  let open = "";
  for (const line of readFileSync(path, "utf8").split("\n")) {
    if (/^\s*(#|$)/.test(line)) continue;
    open += line.replace(/\\$/, "").trimStart();
    if (line.endsWith("\\")) continue;
    const [name = "", rest = ""] = splitOnce(open, " ");
    instructions.push({ name, rest: rest.trim() });
    open = "";
  }
  return instructions;
}

function splitOnce(text: string, separator: string): readonly [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + separator.length)];
}
