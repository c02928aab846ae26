import type { PlantedFaults } from './adapters.js';

/** A change of a source file, by text: it must match exactly once. */
export interface TextChange {
  /** Below src/executor/shard. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** A wrong variant of the protocol, which the oracles must find. */
export interface Mutant {
  readonly name: string;
  /** What it does. */
  readonly what: string;
  readonly changes: readonly TextChange[];
  readonly planted: PlantedFaults;
}

/** Limits that no run of a simulation would reach. */
export const SCALED: readonly TextChange[] = [
  { file: 'restore.ts', from: 'CHUNK_BYTES = 16 * 1024 * 1024', to: 'CHUNK_BYTES = 700' },
  { file: 'changelog-reader.ts', from: 'TAKE_BYTES = 1024 * 1024', to: 'TAKE_BYTES = 300' },
  { file: 'changelog-buffer.ts', from: 'BATCH_RECORDS_MAX = 16_384', to: 'BATCH_RECORDS_MAX = 2' },
  { file: 'shard.ts', from: 'FILE_BEHIND_MS_MAX = 1_000', to: 'FILE_BEHIND_MS_MAX = 30' },
];

const shard = (from: string, to: string): TextChange => ({ file: 'shard.ts', from, to });
const restore = (from: string, to: string): TextChange => ({ file: 'restore.ts', from, to });

const inCode = (name: string, what: string, ...changes: readonly TextChange[]): Mutant => ({
  name,
  what,
  changes,
  planted: {},
});
const around = (name: string, what: string, planted: PlantedFaults): Mutant => ({ name, what, changes: [], planted });

const NO_FINGERPRINT = restore('state.fingerprint() === newest.fingerprint && ', '');

export const MUTANTS: readonly Mutant[] = [
  inCode(
    'commit-before-end',
    'the file commits before EndTxn is sent',
    shard(
      '    const ended = writer.end();\n',
      `    state.commit({ ...position, changelogOffset: places.at(-1)!.lastOffset + 1, timestamp, restoring: false });
    const ended = writer.end();
`,
    ),
  ),
  around('group-offsets', 'work begins at the offsets of the group, which arrive late', { groupOffsets: true }),
  around('producer-reused', 'after an uncertain answer the same producer and epoch abort and go on', {
    producerReused: true,
  }),
  around('abort-filter', 'a reader that resumes inside an aborted transaction lets its records through', {
    abortFilterForgets: true,
  }),
  inCode(
    'no-tombstone-age',
    'neither the age of the local copy nor the fingerprint is checked: deletions that were compacted away are missed',
    NO_FINGERPRINT,
    restore('!slept(local, newest, parts.tombstoneRetentionMs)', 'true'),
  ),
  inCode('no-fingerprint', 'the fingerprint is not compared after a restore', NO_FINGERPRINT),
  inCode(
    'end-before-fence',
    "the changelog's end is read before InitProducerId",
    shard(
      '    const writer = await openEpochWriter(',
      '    const early = await parts.topics.offsets([changelog]);\n    const writer = await openEpochWriter(',
    ),
    shard(
      '      range: range!,\n      readers: parts.readers',
      '      range: early[0]!,\n      readers: parts.readers',
    ),
  ),
  around('id-per-node', 'the transactional id belongs to the node, not to the shard', { idPerNode: true }),
  inCode(
    'fenced-closes',
    'fenced is taken to mean that the shard is lost',
    shard('if (!owner) {', 'if (!owner || true) {'),
  ),
  inCode(
    'latest-not-committed',
    'processing begins before the offsets that latest stands for are committed',
    shard('if (isNew) await this.#commitEpoch(', 'if (isNew && !parts) await this.#commitEpoch('),
  ),
  inCode(
    'produce-before-add',
    'batches are sent before AddPartitionsToTxn is answered',
    shard('    await begun;\n', ''),
    shard('    const ended = writer.end();\n', '    await begun;\n    const ended = writer.end();\n'),
  ),
  inCode(
    'epoch-alone',
    'epochs are compared without the producer id',
    restore('newest.sequence <= local.sequence', '(newest.sequence <= local.sequence || newest.epoch < local.epoch)'),
  ),
  inCode(
    'position-first',
    'the position record comes before the changes of its commit',
    shard(
      '    const changes = buffer.take();\n',
      '    const taken = buffer.take();\n    const changes = [...taken.slice(-1), ...taken.slice(0, -1)];\n',
    ),
  ),
  inCode(
    'rows-without-position',
    'the file commits its rows with the position of the commit before',
    shard('    state.commit(committed);\n', '    state.commit(this.#position ?? committed);\n'),
  ),
  inCode(
    'file-within-epoch',
    'a file that is behind catches up while the next epoch has begun',
    shard('    if (touched) return Number.POSITIVE_INFINITY;\n', ''),
    {
      file: 'shard.ts',
      from: 'get canCommit(): boolean {\n    return ',
      to: 'get canCommit(): boolean {\n    return this.fileDue === Number.POSITIVE_INFINITY && ',
    },
  ),
  inCode(
    'file-within-commit',
    'a file that is behind catches up while a commit is in flight',
    shard(
      "this.#phase !== 'running' || this.#committing !== null || !this.#file",
      "this.#phase !== 'running' || !this.#file",
    ),
  ),
  inCode(
    'uncertain-is-success',
    'the file commits although EndTxn was not answered',
    shard('    await ended;\n', '    await ended.catch(() => {});\n'),
  ),
  inCode(
    'failed-epoch-forgotten',
    'after a failed commit the shard goes on with the next epoch',
    shard(
      '        this.#committing = null;\n        this.#fail(error);\n',
      '        this.#committing = null;\n        if (error instanceof TypeError) this.#fail(error);\n        this.#parts.onChange();\n',
    ),
  ),
  inCode(
    'chunk-looks-complete',
    'what a restore commits on its way is not marked as incomplete',
    restore('restoring: true });', 'restoring: false });'),
  ),
  around('reads-uncommitted', 'inputs and changelog are read without waiting for open transactions', {
    readsUncommitted: true,
  }),
  around('no-lock', 'two processes of a machine write the same file', { lockIgnored: true }),
  inCode(
    'no-claim',
    'at least once: an owner does not claim the changelog',
    shard('const at = await this.#appendClaim(claim);', 'const at = before!.end;'),
    shard('if (owners.current?.producerId !== producerId) throw overtaken(changelog);', ''),
  ),
  inCode(
    'claim-unchecked',
    'at least once: an owner does not look whether its claim holds',
    shard('if (owners.current?.producerId !== producerId) throw overtaken(changelog);', ''),
  ),
  inCode(
    'writers-unnoticed',
    'at least once: an owner does not notice that somebody else writes to the changelog',
    shard('if (baseOffset !== this.#changelogEnd) throw', 'if (baseOffset < this.#changelogEnd) throw'),
  ),
  inCode(
    'leftover-counts',
    'at least once: changes that an owner left without a position record count later',
    shard('if (owners.unclosed >= 0) await', 'if (owners.unclosed < 0) await'),
  ),
  inCode('renewal-unnoticed', 'at least once: an owner does not notice that its writer has become another producer', {
    file: 'epoch-writer.ts',
    from: 'if (this.#writer.producerId === this.producerId) return;',
    to: 'return;',
  }),
  inCode(
    'position-with-outputs',
    'at least once: the position record is sent while outputs are not acknowledged',
    shard("(guarantee === 'at_least_once' || failpoints.armed('midProduce'))", "failpoints.armed('midProduce')"),
  ),
  inCode(
    'tail-applied',
    'at least once: changes after the last position record are applied',
    restore('const end = owners === null ? range.end : owners.lastPosition + 1;', 'const end = range.end;'),
  ),
];
