import type { Random } from './random.js';
import type { Owner, Scheduler } from './scheduler.js';

/** An answer of the broker that is no success, by Kafka's name. */
export class BrokerError extends Error {
  constructor(readonly code: string) {
    super(code);
  }
}

/** No answer came in time: the request may have arrived, may arrive yet, or never. */
export const TIMED_OUT = new BrokerError('REQUEST_TIMED_OUT');
/** The request did not get through. */
export const UNREACHABLE = new BrokerError('UNREACHABLE');

/** A client that gets no answer to these gives up its producer: the same request never arrives twice. */
const SENT_ONCE = ['AddPartitionsToTxn', 'EndTxn(commit)', 'EndTxn(abort)'];

/** How often requests meet with what, from 0 to 1. */
export interface NetworkFaults {
  lost: number;
  answerLost: number;
  late: number;
  repeated: number;
  slow: number;
  /** A batch without a transaction comes to a broker that has forgotten its producer. */
  forgotten: number;
}

export const NO_NETWORK_FAULTS: NetworkFaults = { lost: 0, answerLost: 0, late: 0, repeated: 0, slow: 0, forgotten: 0 };

/** Carries requests to the broker and answers back. */
export class Network {
  faults: NetworkFaults = NO_NETWORK_FAULTS;
  /** Until then the broker cannot be reached. */
  downUntil = 0;

  constructor(
    readonly scheduler: Scheduler,
    readonly random: Random,
    readonly trace: ((line: () => string) => void) | null,
  ) {}

  get isDown(): boolean {
    return this.scheduler.time < this.downUntil;
  }

  /** A time on the way, in ms. */
  delay(): number {
    const { random } = this;
    return random.chance(this.faults.slow) ? random.between(5, 60) : random.between(0.2, 3);
  }

  /**
   * Has the broker handle a request.
   * @param handle runs on the broker; what it throws is the answer
   */
  request<T>(owner: Owner, name: string, handle: () => T): Promise<T> {
    const { scheduler, random, faults, trace } = this;
    return new Promise<T>((resolve, reject) => {
      // The dead send nothing.
      if (!owner.alive) return;
      if (this.isDown) {
        scheduler.after(this.delay(), owner, () => reject(UNREACHABLE));
        return;
      }
      const fate = random.next();
      const out = this.delay();
      const timeout = random.between(30, 60);
      const answerless = (): void => {
        try {
          handle();
        } catch (error) {
          if (!(error instanceof BrokerError)) throw error;
        }
      };
      const { lost, answerLost, late, repeated } = faults;
      if (fate < lost + answerLost + late) {
        const what = fate < lost ? 'is lost' : fate < lost + answerLost ? 'gets no answer' : 'is held up';
        trace?.(() => `${name} ${what}`);
        if (fate >= lost)
          scheduler.after(fate < lost + answerLost ? out : timeout + random.between(0, 150), null, answerless);
        scheduler.after(timeout, owner, () => reject(TIMED_OUT));
        return;
      }
      scheduler.after(out, null, () => {
        if (this.isDown) {
          scheduler.after(timeout, owner, () => reject(TIMED_OUT));
          return;
        }
        let answer: T;
        try {
          answer = handle();
        } catch (error) {
          if (!(error instanceof BrokerError)) throw error;
          trace?.(() => `${name}: ${error.code}`);
          scheduler.after(this.delay(), owner, () => reject(error));
          return;
        }
        trace?.(() => `${name}: ok`);
        scheduler.after(this.delay(), owner, () => resolve(answer));
      });
      if (fate > 1 - repeated && !SENT_ONCE.includes(name))
        scheduler.after(out + random.between(0, 100), null, answerless);
    });
  }

  sleep(owner: Owner, ms: number): Promise<void> {
    return new Promise((resolve) => {
      if (owner.alive) this.scheduler.after(ms, owner, resolve);
    });
  }
}
