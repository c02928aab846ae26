const CACHED_PATHS_MAX = 200;
const cache = new Map<string, readonly string[]>();

/**
 * The steps of a path: `$` and then `.name`, `[name]`, `[0]` or `["any \"text\""]`.
 * @throws Error `Invalid JSON path: '...'`
 */
export function parseJsonPath(path: string): readonly string[] {
  const known = cache.get(path);
  if (known !== undefined) return known;
  const steps = readSteps(path);
  if (cache.size >= CACHED_PATHS_MAX) cache.clear();
  cache.set(path, steps);
  return steps;
}

const STEP = /\.(?<dotted>[\p{L}\p{Nd}_:@]+)|\[(?<bare>[\p{L}\p{Nd}_]+)\]|\["(?<quoted>(?:[^"\\]|\\["\\])*)"\]/uy;

function readSteps(path: string): readonly string[] {
  if (!path.startsWith('$')) throw invalid(path);
  const steps: string[] = [];
  let at = 1;
  while (at < path.length) {
    STEP.lastIndex = at;
    const match = STEP.exec(path);
    if (match === null) throw invalid(path);
    const { dotted, bare, quoted } = match.groups!;
    steps.push(dotted ?? bare ?? quoted!.replace(/\\(.)/g, '$1'));
    at = STEP.lastIndex;
  }
  return steps;
}

function invalid(path: string): Error {
  return new Error(`Invalid JSON path: '${path}'`);
}
