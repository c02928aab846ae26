/** Whose event it is: those of a dead one never happen, those of a stopped one wait until it goes on. */
export interface Owner {
  readonly alive: boolean;
  readonly stopped: boolean;
  readonly parked: (() => void)[];
}

interface Event {
  readonly time: number;
  readonly order: number;
  readonly owner: Owner | null;
  readonly action: () => void;
}

/** Virtual time: the events of all parts of the world, one after the other. */
export class Scheduler {
  /** In ms. */
  time = 0;
  /** Events that have happened. */
  steps = 0;
  readonly #heap: Event[] = [];
  #order = 0;

  after(delay: number, owner: Owner | null, action: () => void): void {
    const event: Event = { time: this.time + delay, order: this.#order++, owner, action };
    const heap = this.#heap;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const up = (at - 1) >> 1;
      if (!isBefore(event, heap[up]!)) break;
      heap[at] = heap[up]!;
      at = up;
    }
    heap[at] = event;
  }

  /** Lets the next event happen; false when there is none. */
  step(): boolean {
    for (;;) {
      const event = this.#pop();
      if (event === undefined) return false;
      this.time = event.time;
      const { owner } = event;
      if (owner !== null) {
        if (!owner.alive) continue;
        if (owner.stopped) {
          owner.parked.push(event.action);
          continue;
        }
      }
      this.steps++;
      event.action();
      return true;
    }
  }

  #pop(): Event | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (heap.length === 0 || last === undefined) return first;
    let at = 0;
    for (;;) {
      let down = 2 * at + 1;
      if (down >= heap.length) break;
      if (down + 1 < heap.length && isBefore(heap[down + 1]!, heap[down]!)) down++;
      if (!isBefore(heap[down]!, last)) break;
      heap[at] = heap[down]!;
      at = down;
    }
    heap[at] = last;
    return first;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.time < b.time || (a.time === b.time && a.order < b.order);
}
