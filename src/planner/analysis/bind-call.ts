import { assert, StatementError } from '../../model/errors.js';
import { literalValue } from '../../model/literal-text.js';
import type { SqlType } from '../../model/sql-type.js';
import type { CallArgument, Expression, Identifier, Lambda } from '../../parser/ast.js';
import type { BoundArgument, BoundExpression } from '../expression.js';
import type { Binder, BoundCall, CallExpression } from './bind-context.js';
import { castTo } from './cast-to.js';
import { nearest } from './scope.js';

const LAMBDA_PARAMETERS_MAX = 3;

/** A call in an expression: scalar functions here, aggregates and table functions by the hooks of the context. */
export function bindFunctionCall(binder: Binder, call: CallExpression): BoundExpression {
  const definition = binder.context.functions.find(call.name.name);
  if (definition === null) throw unknownFunction(binder, call.name);
  if (definition.kind !== 'scalar') {
    const hook = definition.kind === 'aggregate' ? binder.context.onAggregate : binder.context.onTableFunction;
    if (hook === undefined) {
      const what = definition.kind === 'aggregate' ? 'aggregate function' : 'table function';
      throw new StatementError(
        `${binder.context.clause} does not support ${what}s: ${definition.name} is ${what === 'table function' ? 'a' : 'an'} ${what}.`,
        { code: `unexpected-${definition.kind}-function`, span: call.span },
      );
    }
    return hook(call, definition, (changes) => bindArguments(binder.with({ context: changes }), call));
  }
  const bound = bindArguments(binder, call);
  return {
    kind: 'call',
    type: bound.resolved.returnType,
    name: definition.name,
    signature: bound.resolved.signature,
    arguments: bound.arguments,
  };
}

/**
 * The arguments of a call of any kind, in the types of the overload that is chosen for them.
 * @throws StatementError when there is no such function or overload
 */
export function bindArguments(binder: Binder, call: CallExpression): BoundCall {
  const definition = binder.context.functions.find(call.name.name);
  if (definition === null) throw unknownFunction(binder, call.name);
  if (definition.kind === 'aggregate' && call.arguments.length === 0) {
    const rowtime = binder.context.rowtime?.() ?? binder.column(null, { ...call.name, name: 'ROWTIME' });
    return resolveCall(binder, call, definition, [rowtime]);
  }
  return resolveCall(
    binder,
    call,
    definition,
    call.arguments.map((argument) => (isLambdaOrUnit(argument) ? argument : binder.bind(argument))),
  );
}

function unknownFunction(binder: Binder, name: Identifier): StatementError {
  const near = nearest(
    name.name.toUpperCase(),
    binder.context.functions.all().map((f) => f.name),
  );
  return new StatementError(`Can't find any functions with the name '${name.name.toUpperCase()}'`, {
    code: 'unknown-function',
    span: name.span,
    hint: near === null ? 'LIST FUNCTIONS shows them all.' : `Did you mean '${near}'?`,
  });
}

function resolveCall(
  binder: Binder,
  call: CallExpression,
  definition: BoundCall['definition'],
  args: readonly (BoundExpression | Lambda | (CallArgument & { kind: 'intervalUnit' }))[],
): BoundCall {
  const literals = args.map((a) => (a.kind === 'literal' ? literalValue(a.type, a.value) : undefined));
  const resolve = (shapes: typeof args): BoundCall['resolved'] =>
    binder.context.functions.resolve(
      definition.name,
      shapes.map((a, i) => {
        if (a.kind === 'intervalUnit') return { kind: 'unit' };
        if (a.kind === 'lambda') {
          return {
            kind: 'lambda',
            parameters: a.parameters.length,
            resultType: (types) => bindLambda(binder, a, types).body.type,
          };
        }
        const written = call.arguments[i];
        const text = written === undefined || isLambdaOrUnit(written) ? undefined : binder.text(written);
        return literals[i] === undefined
          ? { kind: 'value', type: a.type, text }
          : { kind: 'value', type: a.type, text, literal: literals[i] };
      }),
    );
  let chosen = args;
  let resolved: BoundCall['resolved'];
  try {
    for (const a of args) if (a.kind === 'lambda') checkLambda(binder, a);
    resolved = resolve(args);
  } catch (error) {
    if (!(error instanceof StatementError)) throw error;
    // `DAY` may be a column of that name rather than a unit.
    const named = args.map((a) =>
      a.kind === 'intervalUnit' && binder.context.scope.has(a.name.name) ? binder.column(null, a.name) : a,
    );
    if (named.every((a, i) => a === args[i])) throw error.with({ span: call.span });
    chosen = named;
    resolved = resolve(named);
  }
  const bound = chosen.map((a, i): BoundArgument => {
    if (a.kind === 'intervalUnit') return { kind: 'intervalUnit', unit: a.unit };
    if (a.kind === 'lambda') {
      const types = resolved.lambdaParameterTypes[i];
      assert(types !== null && types !== undefined, 'a lambda argument has parameter types');
      return bindLambda(binder, a, types);
    }
    const type = resolved.parameterTypes[i];
    return type === null || type === undefined || type.kind === 'NULL' ? a : castTo(a, type, 'implicit');
  });
  return { definition, resolved, arguments: bound, literals };
}

function checkLambda(binder: Binder, lambda: Lambda): void {
  if (lambda.parameters.length > LAMBDA_PARAMETERS_MAX) {
    throw new StatementError('Unsupported number of lambda arguments.', {
      code: 'invalid-lambda',
      span: lambda.span,
    });
  }
  for (const [i, { name, span }] of lambda.parameters.entries()) {
    if (binder.parameters.has(name) || lambda.parameters.slice(0, i).some((p) => p.name === name)) {
      throw new StatementError('Reusing lambda arguments in nested lambda is not allowed', {
        code: 'invalid-lambda',
        span,
      });
    }
    if (binder.context.scope.has(name)) {
      throw new StatementError(`Lambda function argument can't be a column name: ${name}`, {
        code: 'invalid-lambda',
        span,
      });
    }
  }
}

function bindLambda(binder: Binder, lambda: Lambda, types: readonly SqlType[]): BoundArgument & { kind: 'lambda' } {
  const parameters = lambda.parameters.map((p, i) => ({ name: p.name, type: types[i]! }));
  if (types.length !== parameters.length) {
    throw new StatementError(
      `Was expecting ${types.length} arguments but found ${parameters.length}, ` +
        `[${parameters.map((p) => p.name).join(', ')}]. Check your lambda statement.`,
      { code: 'invalid-lambda', span: lambda.span },
    );
  }
  const inner = new Map(binder.parameters);
  for (const p of parameters) inner.set(p.name, p.type);
  return { kind: 'lambda', parameters, body: binder.with({ parameters: inner }).bind(lambda.body) };
}

function isLambdaOrUnit(a: CallArgument): a is Exclude<CallArgument, Expression> {
  return a.kind === 'lambda' || a.kind === 'intervalUnit';
}
