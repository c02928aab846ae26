import { describe, expect, it } from 'vitest';
import {
  type AggregateCode,
  defineAggregate,
  defineScalar,
  defineTableFunction,
  type FunctionDefinition,
} from '../../../../src/functions/define.js';
import { createFunctionRegistry, type FunctionRegistry } from '../../../../src/functions/registry.js';
import { guardDefinition } from '../../../../src/functions/user/guard.js';
import { arrayType, BIGINT, INTEGER, NULL_TYPE, STRING } from '../../../../src/model/sql-type.js';
import type { SqlValue } from '../../../../src/model/value.js';
import { shapes, splitTop, type } from '../call.js';

const ORIGIN = { module: 'm.js', version: '0123456789abcdef' };
const CONTEXT = { now: () => 0, random: () => 0 };

function registryOf(definition: FunctionDefinition): FunctionRegistry {
  const users = [guardDefinition(definition, ORIGIN)];
  return createFunctionRegistry([], { current: () => users, version: () => users });
}

/** What a guarded scalar F of this signature gives. */
function call(
  signature: string,
  types: string,
  evaluate: (...values: never[]) => unknown,
  ...values: SqlValue[]
): SqlValue {
  const definition = defineScalar({
    name: 'F',
    description: '',
    variants: [{ signature, nulls: 'pass', evaluate: evaluate as () => SqlValue }],
  });
  const registry = registryOf(definition);
  const resolved = registry.resolve('F', shapes(types));
  const parameters = resolved.parameterTypes.map((t) => t ?? NULL_TYPE);
  const { code } = registry.scalar('F', resolved.signature, parameters, resolved.returnType, CONTEXT);
  return (code as (...v: SqlValue[]) => SqlValue)(...values);
}

const failing = (evaluate: () => unknown) => () => call('() -> STRING', '', evaluate);

describe('a scalar function', () => {
  it('has its version in the id that plans keep', () => {
    const definition = defineScalar({
      name: 'F',
      description: '',
      variants: [{ signature: '(a STRING) -> STRING', nulls: 'propagate', evaluate: (a: string) => a }],
    });
    expect(registryOf(definition).resolve('F', shapes('STRING')).signature).toBe('F(STRING)@0123456789abcdef');
  });

  it('says what it has thrown, whatever that is', () => {
    const throwing = (thrown: unknown) =>
      failing(() => {
        throw thrown;
      });
    expect(throwing(new Error('no such place'))).toThrow(/^F failed: no such place$/);
    expect(throwing('a text')).toThrow(/^F failed: it threw a text$/);
    expect(throwing(undefined)).toThrow(/^F failed: it threw undefined$/);
    expect(throwing(Object.create(null))).toThrow(/^F failed: it threw something that has no text$/);
    expect(throwing(new Error('x'.repeat(10_000)))).toThrow(/^F failed: x{500}\.\.\.$/);
    const hostile = new Error('h');
    Object.defineProperty(hostile, 'message', {
      get() {
        throw new Error('again');
      },
    });
    expect(throwing(hostile)).toThrow(/^F failed: it threw something that has no text$/);
  });

  it('may run out of stack', () => {
    const deeper = (): unknown => [deeper()];
    expect(failing(deeper)).toThrow(/^F failed: Maximum call stack size exceeded$/);
  });

  it('gives no promise, and nobody waits for one that fails', async () => {
    const unhandled: unknown[] = [];
    const listener = (reason: unknown): void => {
      unhandled.push(reason);
    };
    process.on('unhandledRejection', listener);
    try {
      expect(failing(async () => Promise.reject(new Error('late')))).toThrow(
        'gave a promise: functions of SQL are synchronous',
      );
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(unhandled).toEqual([]);
    } finally {
      process.off('unhandledRejection', listener);
    }
  });

  it('gives values of its declared type and no others', () => {
    expect(failing(() => 5)).toThrow(/^F gave a number where STRING is declared$/);
    expect(failing(() => undefined)).toThrow(/^F gave undefined where STRING is declared$/);
    const trap = new Proxy([], {
      get() {
        throw new Error('trap');
      },
    });
    expect(() => call('() -> ARRAY<INT>', '', () => trap)).toThrow(/^F gave a value that cannot be read: trap$/);
  });

  it('gives what its generic parameters say', () => {
    const first = (list: SqlValue[]) => list[0];
    expect(call('(list ARRAY<T>) -> T', 'ARRAY<INT>', first, [7])).toBe(7);
    expect(() => call('(list ARRAY<T>) -> T', 'ARRAY<INT>', () => 'x', [7])).toThrow('gave a string where INTEGER');
  });

  it('cannot change what it was given, nor what it gave', () => {
    const row = [3, 1, 2];
    const kept: number[][] = [];
    const sorting = (list: number[]): number[] => {
      kept.push(list.sort());
      return list;
    };
    const result = call('(list ARRAY<INT>) -> ARRAY<INT>', 'ARRAY<INT>', sorting as never, row);
    kept[0]!.push(99);
    expect([row, result]).toEqual([
      [3, 1, 2],
      [1, 2, 3],
    ]);
  });

  it('is bound to another result type by no plan', () => {
    const definition = defineScalar({
      name: 'F',
      description: '',
      variants: [{ signature: '(a STRING) -> INT', nulls: 'propagate', evaluate: (a: string) => a.length }],
    });
    expect(() => registryOf(definition).scalar('F', `F(STRING)@${'0'.repeat(16)}`, [STRING], BIGINT, CONTEXT)).toThrow(
      expect.objectContaining({ name: 'SystemError', code: 'function-changed' }),
    );
  });

  it('that fails while a statement is planned fails the statement', () => {
    const definition = defineScalar({
      name: 'F',
      description: '',
      variants: [
        {
          signature: '(a DECIMAL) -> DECIMAL',
          nulls: 'propagate',
          evaluate: (a: bigint) => a,
          resultType: () => {
            throw new Error('no idea');
          },
        },
      ],
    });
    expect(() => registryOf(definition).resolve('F', shapes('DECIMAL(4,2)'))).toThrow(
      expect.objectContaining({ name: 'StatementError', message: "Function 'F' cannot be used: no idea" }),
    );
  });
});

describe('an aggregate', () => {
  const LIST = arrayType(INTEGER);

  function code(changes: Partial<Record<keyof AggregateCode, unknown>>): AggregateCode {
    const whole = {
      stateType: LIST,
      resultType: INTEGER,
      resultIsState: false,
      initial: () => [],
      add: (state: SqlValue[], value: SqlValue) => {
        state.push(value);
        return state;
      },
      merge: (a: SqlValue[], b: SqlValue[]) => [...a, ...b],
      result: (state: SqlValue[]) => state.length,
      ...changes,
    } as unknown as AggregateCode;
    const definition = defineAggregate({
      name: 'A',
      description: '',
      variants: [{ signature: '(value INT) -> INT', tableCapable: false, bind: () => whole }],
    });
    const registry = registryOf(definition);
    const { signature } = registry.resolve('A', shapes('INT'));
    return registry.aggregate('A', signature, splitTop('INT').map(type), []);
  }

  it('works on copies of its state', () => {
    const shared: SqlValue[] = [];
    const a = code({ initial: () => shared });
    const first = a.add(a.initial(), 1);
    expect([shared, first, a.initial()]).toEqual([[], [1], []]);
    const half = code({
      add: (state: SqlValue[]) => {
        state.push(9);
        throw new Error('half-way');
      },
    });
    const state = [1];
    expect(() => half.add(state, 2)).toThrow('A failed: half-way');
    expect(state).toEqual([1]);
  });

  it('has states and results of its types', () => {
    expect(() => code({ add: () => ['x'] }).add([], 1)).toThrow('A gave a string at [0] where INTEGER is declared');
    expect(() => code({ initial: () => undefined }).initial()).toThrow('A gave undefined where ARRAY is declared');
    expect(() => code({ merge: async () => [] }).merge!([], [])).toThrow('A gave a promise');
    expect(() => code({ result: () => 1.5 }).result([])).toThrow('A gave a number that is not whole');
  });

  it.each([
    [{ merge: undefined }, 'lacks the function merge'],
    [{ add: 1, result: null }, 'lacks the function add, result'],
    [{ stateType: 'INT' }, 'stateType of the aggregate is no SQL type'],
    [{ resultType: { kind: 'DECIMAL', precision: 99, scale: 2 } }, 'resultType of the aggregate is no SQL type'],
    [{ resultIsState: true }, 'their types differ'],
  ])('of the wrong shape is refused when it is bound: %j', (changes, message) => {
    expect(() => code(changes)).toThrow(message);
  });
});

describe('a table function', () => {
  function rows(bind: () => (...values: SqlValue[]) => unknown, ...values: SqlValue[]): SqlValue[] {
    const definition = defineTableFunction({
      name: 'T',
      description: '',
      variants: [{ signature: '(list ARRAY<T>) -> T', bind: bind as () => () => SqlValue[] }],
    });
    const registry = registryOf(definition);
    const { signature } = registry.resolve('T', shapes('ARRAY<STRING>'));
    return registry.tableFunction('T', signature, [arrayType(STRING)])(...values);
  }

  it('gives a list of rows of its type', () => {
    expect(rows(() => (list) => list, ['a', null])).toEqual(['a', null]);
    expect(() => rows(() => () => [1], ['a'])).toThrow('T gave a number at [0] where STRING is declared');
    expect(() => rows(() => () => null, ['a'])).toThrow('T gave null where rows are wanted');
    expect(() => rows(() => () => new Set(['a']), ['a'])).toThrow('T gave an object of class Set where ARRAY');
  });
});
