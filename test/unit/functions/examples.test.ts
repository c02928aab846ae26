import { describe, expect, it } from 'vitest';
import { evaluateConstant } from '../../../src/executor/expressions/compile.js';
import type { AggregateDefinition, ScalarDefinition, TableFunctionDefinition } from '../../../src/functions/define.js';
import { sqlJsonWriter } from '../../../src/functions/scalar/json-writer.js';
import type { BoundExpression } from '../../../src/planner/expression.js';
import { bind } from '../../support/expressions.js';
import { registry } from './call.js';

const context = {
  functions: registry,
  evaluation: { now: () => 1_600_000_000_000, random: () => 0.25 },
  onError: (message: string, cause: unknown) => {
    throw new Error(message, { cause });
  },
};

/** Every example stands in the reference page: it must be true. */
describe.each(registry.all().filter((d): d is ScalarDefinition => d.kind === 'scalar'))('$name', (definition) => {
  it.each(definition.examples)('$sql', ({ sql, result }) => {
    const bound = bind(sql, '');
    expect(sqlJsonWriter(bound.type)(evaluateConstant(bound, context))).toBe(result);
  });
});

describe.each(registry.all().filter((d): d is TableFunctionDefinition => d.kind === 'table'))('$name', (definition) => {
  it.each(definition.examples)('$sql', ({ sql, result }) => {
    let rows = '';
    bind(sql, '', {
      onTableFunction: (_call, _definition, bindArguments): BoundExpression => {
        const { resolved, arguments: args } = bindArguments();
        const bound = args as BoundExpression[];
        const values = bound.map((argument) => evaluateConstant(argument, context));
        const expand = registry.tableFunction(
          definition.name,
          resolved.signature,
          bound.map((argument) => argument.type),
        );
        rows = expand(...values)
          .map(sqlJsonWriter(resolved.returnType))
          .join('\n');
        return bound[0]!;
      },
    });
    expect(rows).toBe(result);
  });
});

/** Aggregates run over three rows, whose INT column `value` is 1, 2 and 3. */
describe.each(registry.all().filter((d): d is AggregateDefinition => d.kind === 'aggregate'))('$name', (definition) => {
  it.each(definition.examples)('$sql', ({ sql, result }) => {
    let text = '';
    bind(sql, 'VALUE INT', {
      rowtime: () => ({ kind: 'column', type: { kind: 'INTEGER' }, index: 0, name: 'ROWTIME' }),
      onAggregate: (_call, _definition, bindArguments): BoundExpression => {
        const { resolved, arguments: args } = bindArguments();
        const { configuration } = resolved.aggregate!;
        const inputs = args.slice(0, args.length - configuration.length) as BoundExpression[];
        const code = registry.aggregate(
          definition.name,
          resolved.signature,
          inputs.map((input) => input.type),
          configuration,
        );
        let state = code.initial();
        for (const value of [1, 2, 3]) {
          const values = inputs.map((input) => (input.kind === 'column' ? value : evaluateConstant(input, context)));
          state = code.add(state, ...values);
        }
        text = sqlJsonWriter(code.resultType)(code.result(state));
        return inputs[0]!;
      },
    });
    expect(text).toBe(result);
  });
});
