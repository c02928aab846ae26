import { SystemError } from '../../model/errors.js';

/** The steps of a shard's life at which a fault can be put: see the commit protocol. */
export const FAILPOINTS = [
  /** Records were processed; nothing has been sent. */
  'afterProcess',
  /** Partitions are on their way to the coordinator. */
  'addSent',
  /** The state is in the file's open transaction. */
  'afterStage',
  'afterAdd',
  /** Outputs are acknowledged, the changelog is not. */
  'midProduce',
  'afterProduce',
  /** The end of the transaction is on its way. */
  'endSent',
  /** The log has committed, the file has not. */
  'afterEnd',
  'afterCommit',
  /** The log has committed, and the file stays behind. */
  'leftBehind',
  /** Recovery: the file is open. */
  'recoverOpen',
  /** Recovery: earlier owners are fenced. */
  'recoverFenced',
  /** Recovery: some of the changelog is applied. */
  'recoverApplied',
  /** Recovery: everything is applied and committed. */
  'recoverDone',
] as const;

export type FailpointName = (typeof FAILPOINTS)[number];

export interface Failpoints {
  /** Called at the step; does not return when the fault is death. */
  readonly hit: (name: FailpointName) => void;
  /** Whether a fault waits at the step. */
  readonly armed: (name: FailpointName) => boolean;
}

export const NO_FAILPOINTS: Failpoints = { hit: () => {}, armed: () => false };

type Action = 'kill' | 'throw' | 'stall';

interface Arming {
  readonly name: FailpointName;
  readonly action: Action;
  /** 'stall': how long, in ms. */
  readonly stallMs: number;
  /** Passes that go by before the fault strikes. */
  left: number;
}

/**
 * Faults as a text says: `name=action`, several with commas; an action is `kill` (SIGKILL to the own process), `throw`, or `stall:MS` (the
 * thread does nothing for so long), with `@N` to strike at the Nth pass only, the first by default: `afterEnd=kill@3`.
 *
 * @throws SystemError `unknown-failpoint`
 */
export function parseFailpoints(text: string | undefined): Failpoints {
  if (text === undefined || text.trim() === '') return NO_FAILPOINTS;
  const armings = text.split(',').map((part) => parseArming(part.trim()));
  return {
    armed: (name) => armings.some((arming) => arming.name === name && arming.left > 0),
    hit: (name) => {
      // All of them count the pass, whatever the first does.
      const due = armings.filter((arming) => arming.name === name && arming.left > 0 && --arming.left === 0);
      for (const arming of due) strike(arming);
    },
  };
}

function parseArming(text: string): Arming {
  const match = /^(\w+)=(kill|throw|stall:(\d+))(?:@([1-9]\d*))?$/.exec(text);
  const name = FAILPOINTS.find((known) => known === match?.[1]);
  if (match === null || name === undefined) {
    throw new SystemError(`"${text}" is no failpoint`, {
      code: 'unknown-failpoint',
      hint: `write name=kill, name=throw or name=stall:MS, with @N for the Nth pass; names are ${FAILPOINTS.join(', ')}`,
    });
  }
  const action = match[2]!.split(':')[0] as Action;
  return { name, action, stallMs: Number(match[3] ?? 0), left: Number(match[4] ?? 1) };
}

function strike({ name, action, stallMs }: Arming): void {
  switch (action) {
    case 'kill':
      process.kill(process.pid, 'SIGKILL');
      // The signal is on its way; nothing more may happen here.
      for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000);
    case 'throw':
      throw new SystemError(`the failpoint ${name} was hit`, { code: 'failpoint' });
    case 'stall':
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, stallMs);
  }
}
