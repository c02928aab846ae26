import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Rpc } from '../../../../src/executor/shard/rpc.js';
import { StatementError, SystemError } from '../../../../src/model/errors.js';

interface Far {
  add(a: number, b: number): Promise<number>;
  echo(value: unknown): unknown;
  fail(kind: 'system' | 'statement' | 'other'): void;
  later(name: string): Promise<string>;
  note(text: string): void;
}

interface Near {
  ask(name: string): Promise<string>;
}

describe('calls between two threads', () => {
  let ports: readonly [MessagePort, MessagePort];
  let near: Rpc<Far>;
  let far: Rpc<Near>;
  let notes: string[];
  let waiting: Map<string, (text: string) => void>;

  beforeEach(() => {
    const { port1, port2 } = new MessageChannel();
    ports = [port1, port2];
    notes = [];
    waiting = new Map();
    near = new Rpc<Far>(port1, { ask: (name: string) => `near of ${name}` });
    far = new Rpc<Near>(port2, {
      add: async (a: number, b: number) => a + b,
      echo: (value: unknown) => value,
      fail: (kind: string) => {
        if (kind === 'system') throw new SystemError('full', { code: 'disk-full', retriable: true, hint: 'make room' });
        if (kind === 'statement') throw new StatementError('wrong', { code: 'unknown-column', problem: 'syntax' });
        throw new TypeError('a fault');
      },
      later: (name: string) => new Promise<string>((resolve) => waiting.set(name, resolve)),
      note: (text: string) => notes.push(text),
    });
  });
  afterEach(() => {
    for (const port of ports) port.close();
  });

  it('are answered, in both directions', async () => {
    expect(await near.call('add', 2, 3)).toBe(5);
    expect(await far.call('ask', 'far')).toBe('near of far');
  });

  it('carry plain data as it is', async () => {
    const value = { a: [1n, null, -0, Number.NaN], m: new Map([['k', new Uint8Array([1, 2])]]), u: undefined };
    expect(await near.call('echo', value)).toEqual(value);
    expect(await near.call('echo', undefined)).toBeUndefined();
  });

  it('are answered each for itself, in whatever order', async () => {
    const order: string[] = [];
    const calls = ['a', 'b'].map((name) => near.call('later', name).then((text) => order.push(text)));
    await near.call('add', 1, 1);
    for (const name of ['b', 'a']) waiting.get(name)!(`${name}!`);
    await Promise.all(calls);
    expect(order).toEqual(['b!', 'a!']);
  });

  it('fail with the error of the other end', async () => {
    const system = await near.call('fail', 'system').catch((error: unknown) => error);
    expect(system).toBeInstanceOf(SystemError);
    expect(system).toMatchObject({ message: 'full', code: 'disk-full', retriable: true, hint: 'make room' });
    const statement = await near.call('fail', 'statement').catch((error: unknown) => error);
    expect(statement).toBeInstanceOf(StatementError);
    expect(statement).toMatchObject({ message: 'wrong', code: 'unknown-column', problem: 'syntax' });
    await expect(near.call('fail', 'other')).rejects.toMatchObject({ message: 'a fault', name: 'SystemError' });
    expect(await near.call('add', 1, 1)).toBe(2);
  });

  it('may want no answer, and keep their order with those that do', async () => {
    near.tell('note', 'one');
    near.tell('note', 'two');
    await near.call('add', 1, 1);
    expect(notes).toEqual(['one', 'two']);
  });

  it('fail when the other end is gone, those that wait and those that come', async () => {
    const pending = near.call('later', 'a');
    await near.call('add', 1, 1);
    near.fail(new SystemError('the thread is gone', { code: 'thread-failed' }));
    near.fail(new SystemError('and once more', { code: 'other' }));
    await expect(pending).rejects.toMatchObject({ code: 'thread-failed' });
    await expect(near.call('add', 1, 1)).rejects.toMatchObject({ code: 'thread-failed' });
    near.tell('note', 'unheard');
    waiting.get('a')!('too late');
    await far.call('ask', 'far');
    expect(notes).toEqual([]);
  });
});
