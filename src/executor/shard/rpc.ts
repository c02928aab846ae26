import { type ErrorData, errorFromData, errorToData } from '../thread/messages.js';

/** One end of a channel between two threads. */
export interface RpcPort {
  postMessage(message: unknown): void;
  on(event: 'message', listener: (message: unknown) => void): unknown;
}

type Message =
  | { readonly kind: 'call'; readonly id: number; readonly name: string; readonly args: readonly unknown[] }
  | { readonly kind: 'tell'; readonly name: string; readonly args: readonly unknown[] }
  | { readonly kind: 'result'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'failure'; readonly id: number; readonly error: ErrorData };

interface Waiting {
  readonly resolve: (result: never) => void;
  readonly reject: (error: unknown) => void;
}

type Handlers = Readonly<Record<string, (...args: never[]) => unknown>>;

/** Calls between two threads, in both directions: each end serves its handlers and calls those of the other. */
export class Rpc<Remote extends object> {
  readonly #port: RpcPort;
  readonly #handlers: Handlers;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #failure: unknown = null;

  constructor(port: RpcPort, handlers: Handlers) {
    this.#port = port;
    this.#handlers = handlers;
    port.on('message', (message) => this.#receive(message as Message));
  }

  /** Calls a handler of the other end. */
  call<Name extends keyof Remote & string>(
    name: Name,
    ...args: Remote[Name] extends (...args: infer A) => unknown ? A : never
  ): Promise<Remote[Name] extends (...args: never[]) => infer R ? Awaited<R> : never> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId;
      this.#waiting.set(id, { resolve, reject });
      this.#port.postMessage({ kind: 'call', id, name, args } satisfies Message);
    });
  }

  /** Calls a handler of the other end, and does not want to know. */
  tell<Name extends keyof Remote & string>(
    name: Name,
    ...args: Remote[Name] extends (...args: infer A) => unknown ? A : never
  ): void {
    if (this.#failure === null) this.#port.postMessage({ kind: 'tell', name, args } satisfies Message);
  }

  /** The other end is gone: every call fails from now on. */
  fail(error: unknown): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.values()) reject(this.#failure);
    this.#waiting.clear();
  }

  #receive(message: Message): void {
    switch (message.kind) {
      case 'call':
        void this.#serve(message.id, message.name, message.args);
        return;
      case 'tell':
        this.#handlers[message.name]?.(...(message.args as never[]));
        return;
      case 'result':
        this.#take(message.id)?.resolve(message.result as never);
        return;
      case 'failure':
        this.#take(message.id)?.reject(errorFromData(message.error));
    }
  }

  async #serve(id: number, name: string, args: readonly unknown[]): Promise<void> {
    try {
      const result = await this.#handlers[name]!(...(args as never[]));
      this.#port.postMessage({ kind: 'result', id, result } satisfies Message);
    } catch (error) {
      this.#port.postMessage({ kind: 'failure', id, error: errorToData(error) } satisfies Message);
    }
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }
}
