import { compileExpression, type ExpressionContext, evaluateConstant } from '../src/executor/expressions/compile.js';
import type { AggregateDefinition, FunctionDefinition, TableFunctionDefinition } from '../src/functions/define.js';
import { builtInFunctions, createFunctionRegistry } from '../src/functions/registry.js';
import { INTEGER } from '../src/model/sql-type.js';
import type { Row, SqlValue } from '../src/model/value.js';
import { type BoundExpression, walkExpression } from '../src/planner/expression.js';
import { bind } from '../test/support/expressions.js';

/**
 * What one call of each built-in function costs: its first example, with the arguments in columns so that nothing is computed beforehand,
 * beside `col + 1` in the same loop. Arguments: the functions that are meant, none for all.
 */

const ROUNDS = 7;
const ROUND_MS = 12;
/** Rows that an aggregate takes before it begins anew. */
const GROUP = 1000;
/** Calls that cost more stand out. */
const SLOW_NS = 20_000;

type Call = () => unknown;

interface Measured {
  readonly name: string;
  readonly kind: FunctionDefinition['kind'];
  readonly example: string;
  readonly ns: number;
  /** By what `col + 1` took in the same rounds. */
  readonly ratio: number;
}

const functions = createFunctionRegistry();
const context: ExpressionContext = {
  functions,
  evaluation: { now: Date.now, random: Math.random },
  onError: (message, cause) => {
    throw new Error(message, { cause });
  },
};

/** A row that holds the arguments, and the same expression over its columns. */
function inColumns(args: readonly BoundExpression[]): { readonly row: Row; readonly columns: BoundExpression[] } {
  const row = args.map((argument) => evaluateConstant(argument, context));
  return { row, columns: args.map(({ type }, index) => ({ kind: 'column', type, index, name: `C${index}` })) };
}

function scalarCall(name: string, sql: string): Call {
  let call: (BoundExpression & { kind: 'call' }) | null = null;
  walkExpression(bind(sql), (e) => {
    if (e.kind === 'call' && e.name === name) call ??= e;
  });
  if (call === null) throw new Error(`no call of ${name} in ${sql}`);
  const found = call as BoundExpression & { kind: 'call' };
  const isValue = (a: (typeof found.arguments)[number]): a is BoundExpression =>
    a.kind !== 'lambda' && a.kind !== 'intervalUnit';
  const { row, columns } = inColumns(found.arguments.filter(isValue));
  let next = 0;
  const args = found.arguments.map((a) => (isValue(a) ? columns[next++]! : a));
  const evaluate = compileExpression({ ...found, arguments: args }, context);
  return () => evaluate(row);
}

/** One row more, of values 1, 2, 3, ... */
function aggregateCall(definition: AggregateDefinition, sql: string): Call {
  let call: Call | null = null;
  bind(sql, 'VALUE INT', {
    rowtime: () => ({ kind: 'column', type: INTEGER, index: 0, name: 'ROWTIME' }),
    onAggregate: (_call, _definition, bindArguments): BoundExpression => {
      const { resolved, arguments: args } = bindArguments();
      const { configuration } = resolved.aggregate!;
      const inputs = args.slice(0, args.length - configuration.length) as BoundExpression[];
      const types = inputs.map(({ type }) => type);
      const code = functions.aggregate(definition.name, resolved.signature, types, configuration);
      const evaluators = inputs.map((input) => compileExpression(input, context));
      let state = code.initial();
      let count = 0;
      const row: Row = [0];
      call = () => {
        if (count === GROUP) {
          state = code.initial();
          count = 0;
        }
        row[0] = ++count;
        state = code.add(state, ...evaluators.map((evaluate) => evaluate(row)));
        return state;
      };
      return inputs[0]!;
    },
  });
  return call!;
}

function tableCall(definition: TableFunctionDefinition, sql: string): Call {
  let call: Call | null = null;
  bind(sql, '', {
    onTableFunction: (_call, _definition, bindArguments): BoundExpression => {
      const { resolved, arguments: args } = bindArguments();
      const { row } = inColumns(args as BoundExpression[]);
      const types = (args as BoundExpression[]).map(({ type }) => type);
      const expand = functions.tableFunction(definition.name, resolved.signature, types);
      call = () => expand(...(row as SqlValue[]));
      return args[0] as BoundExpression;
    },
  });
  return call!;
}

function callOf(definition: FunctionDefinition): Call {
  const { sql } = definition.examples[0]!;
  switch (definition.kind) {
    case 'scalar':
      return scalarCall(definition.name, sql);
    case 'aggregate':
      return aggregateCall(definition, sql);
    case 'table':
      return tableCall(definition, sql);
  }
}

let blackHole = 0;

function nsPerCall(call: Call, calls: number): number {
  const begin = process.hrtime.bigint();
  for (let i = 0; i < calls; i++) if (call() !== undefined) blackHole++;
  return Number(process.hrtime.bigint() - begin) / calls;
}

/** Enough calls for one round, found while the code gets warm. */
function callsOfARound(call: Call): number {
  for (let calls = 16; ; calls *= 2) {
    const ns = nsPerCall(call, calls);
    if (ns * calls > ROUND_MS * 1e6) return calls;
  }
}

function baseline(): Call {
  const evaluate = compileExpression(bind('V + 1', 'V INT'), context);
  const row: Row = [41];
  return () => evaluate(row);
}

const base = baseline();
const baseCalls = callsOfARound(base);

function measure(definition: FunctionDefinition): Measured {
  const call = callOf(definition);
  const calls = callsOfARound(call);
  let ns = Infinity;
  let baseNs = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    ns = Math.min(ns, nsPerCall(call, calls));
    baseNs = Math.min(baseNs, nsPerCall(base, baseCalls));
  }
  const { name, kind, examples } = definition;
  return { name, kind, example: examples[0]!.sql, ns, ratio: ns / baseNs };
}

const wanted = process.argv.slice(2).map((name) => name.toUpperCase());
const unknown = wanted.find((name) => !builtInFunctions.some((definition) => definition.name === name));
if (unknown !== undefined) {
  console.error(`there is no function ${unknown}`);
  process.exit(2);
}
const chosen = builtInFunctions.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
const results = chosen.map(measure).sort((a, b) => b.ns - a.ns);
console.log(`${'function'.padEnd(26)} ${'kind'.padEnd(9)} ${'ns a call'.padStart(9)} ${'ratio'.padStart(7)}   example`);
for (const { name, kind, ns, ratio, example } of results) {
  const figures = `${ns.toFixed(0).padStart(9)} ${ratio.toFixed(1).padStart(7)}`;
  console.log(`${name.padEnd(26)} ${kind.padEnd(9)} ${figures} ${ns > SLOW_NS ? '!' : ' '} ${example}`);
}
const slow = results.filter(({ ns }) => ns > SLOW_NS).length;
console.log(`${results.length} functions; ratio is to V + 1; ${slow} cost more than ${SLOW_NS / 1000} µs`);
// Read, so that no call can be left out.
if (blackHole === 0) throw new Error('nothing was measured');
