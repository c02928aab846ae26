/** How many commits of a shard come sooner than the interval asks for. */
const EARLY_COMMITS = 3;

/**
 * How long a shard waits from the beginning of one commit to that of the next, in ms: an eighth of the interval after its first, and twice as
 * long after each that follows, up to the interval. The first results of a query whose rows pass a repartition topic take two commits, one behind
 * the other.
 *
 * @param commits how many the shard has made since it was opened, at least 1
 */
export function commitIntervalMs(intervalMs: number, commits: number): number {
  return intervalMs / 2 ** Math.max(0, EARLY_COMMITS + 1 - commits);
}
