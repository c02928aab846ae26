import { StatementError } from '../model/errors.js';
import { formatType, NULL_TYPE, type SqlType } from '../model/sql-type.js';
import type { TypePattern } from './define.js';
import type { ArgumentShape } from './registry.js';
import {
  acceptsType,
  type Bindings,
  formatSignature,
  hasGenerics,
  parameterType,
  type Signature,
  substitute,
} from './signature.js';

/** The overload that a call means, and what its generics stand for. */
export interface Choice<O> {
  readonly overload: O;
  /** One an argument. */
  readonly patterns: readonly TypePattern[];
  /** One an argument; null for lambdas and units. */
  readonly parameterTypes: readonly (SqlType | null)[];
  /** For lambda arguments the types of their parameters, null elsewhere. */
  readonly lambdaParameterTypes: readonly (readonly SqlType[] | null)[];
  /** Types of all arguments as {@link ScalarVariant.bind} wants them. */
  readonly boundTypes: readonly SqlType[];
  /** The result as the signature gives it; null when it cannot say. */
  readonly returnType: SqlType | null;
}

/**
 * Chooses an overload as ksqlDB does: first without conversions, then, where `casts` allows it, with implicit ones;
 * among several the ranking decides, and a tie is an error.
 * @throws StatementError when none or more than one fits.
 */
export function chooseOverload<O extends { readonly signature: Signature }>(
  displayName: string,
  overloads: readonly O[],
  args: readonly ArgumentShape[],
  casts: boolean,
): Choice<O> {
  const overload =
    best(displayName, overloads, args, false) ?? (casts ? best(displayName, overloads, args, true) : null);
  if (overload === null) throw noMatch(displayName, overloads, args.map(formatArgument));
  return bindCall(displayName, overloads, overload, args, casts);
}

function best<O extends { readonly signature: Signature }>(
  displayName: string,
  overloads: readonly O[],
  args: readonly ArgumentShape[],
  casts: boolean,
): O | null {
  let found: O[] = [];
  for (const overload of overloads) {
    if (!accepts(overload.signature, args, casts)) continue;
    const order = found.length === 0 ? 1 : compareRank(overload.signature, found[0]!.signature);
    if (order > 0) found = [overload];
    else if (order === 0) found.push(overload);
  }
  if (found.length <= 1) return found[0] ?? null;
  throw new StatementError(
    `Function '${displayName}' cannot be resolved due to ambiguous method parameters (${args.map(formatArgument).join(', ')}).\n` +
      'Use CAST() to explicitly cast your parameters to one of the supported function calls.\n' +
      `Valid function calls are:\n${listSignatures(displayName, overloads)}`,
    { code: 'ambiguous-function-call' },
  );
}

function accepts(signature: Signature, args: readonly ArgumentShape[], casts: boolean): boolean {
  const patterns = matchParameters(signature, args.length);
  if (patterns === null) return false;
  const bindings: Bindings = new Map();
  return args.every((arg, i) => acceptsArgument(patterns[i]!, arg, bindings, casts));
}

function acceptsArgument(pattern: TypePattern, arg: ArgumentShape, bindings: Bindings, casts: boolean): boolean {
  switch (arg.kind) {
    case 'value':
      return acceptsType(pattern, arg.type, bindings, casts);
    case 'lambda':
      return pattern.kind === 'lambda' && pattern.parameters.length === arg.parameters;
    case 'unit':
      return pattern.kind === 'unit';
  }
}

/** The parameter that each of `count` arguments meets: pairwise from both ends, the variadic one takes the middle. */
export function matchParameters(signature: Signature, count: number): TypePattern[] | null {
  const { parameters, variadicIndex } = signature;
  if (variadicIndex < 0) return parameters.length === count ? parameters.map((p) => p.type) : null;
  const repeats = count - (parameters.length - 1);
  if (repeats < 0) return null;
  return parameters.flatMap((p) => (p.variadic ? new Array<TypePattern>(repeats).fill(p.type) : [p.type]));
}

/** Positive when `a` is the better match. */
function compareRank(a: Signature, b: Signature): number {
  const left = rank(a);
  const right = rank(b);
  for (let i = 0; i < left.length; i++) if (left[i] !== right[i]) return left[i]! - right[i]!;
  return 0;
}

function rank(signature: Signature): number[] {
  const { parameters, variadicIndex } = signature;
  return [
    variadicIndex < 0 ? 1 : 0,
    parameters.length,
    -parameters.filter((p) => hasGenerics(p.type)).length,
    parameters.some((p) => p.variadic && p.type.kind === 'any') ? 0 : 1,
    variadicIndex,
  ];
}

function bindCall<O extends { readonly signature: Signature }>(
  displayName: string,
  overloads: readonly O[],
  overload: O,
  args: readonly ArgumentShape[],
  casts: boolean,
): Choice<O> {
  const patterns = matchParameters(overload.signature, args.length)!;
  const bindings: Bindings = new Map();
  args.forEach((arg, i) => {
    if (arg.kind === 'value') acceptsType(patterns[i]!, arg.type, bindings, casts);
  });
  const lambdaTexts = args.map(formatArgument);
  const lambdaParameterTypes = args.map((arg, i) => {
    const pattern = patterns[i]!;
    if (arg.kind !== 'lambda' || pattern.kind !== 'lambda') return null;
    const types = pattern.parameters.map((p) => substitute(p, bindings) ?? NULL_TYPE);
    const result = arg.resultType(types);
    lambdaTexts[i] = `LAMBDA (${types.map(formatType).join(', ')}) => ${formatType(result)}`;
    if (!acceptsType(pattern.result, result, bindings, false)) throw noMatch(displayName, overloads, lambdaTexts);
    return types;
  });
  const parameterTypes = args.map((arg, i) =>
    arg.kind === 'value' ? parameterType(patterns[i]!, arg.type, bindings) : null,
  );
  return {
    overload,
    patterns,
    parameterTypes,
    lambdaParameterTypes,
    boundTypes: parameterTypes.map((type) => type ?? NULL_TYPE),
    returnType: substitute(overload.signature.result, bindings),
  };
}

function noMatch(
  displayName: string,
  overloads: readonly { readonly signature: Signature }[],
  argumentTexts: readonly string[],
): StatementError {
  return new StatementError(
    `Function '${displayName}' does not accept parameters (${argumentTexts.join(', ')}).\n` +
      `Valid alternatives are:\n${listSignatures(displayName, overloads)}`,
    { code: 'function-does-not-accept' },
  );
}

function listSignatures(displayName: string, overloads: readonly { readonly signature: Signature }[]): string {
  const lines = overloads.map((o) => formatSignature(displayName, o.signature));
  return `${lines.join('\n')}\nFor detailed information on a function run: DESCRIBE FUNCTION <Function-Name>;`;
}

function formatArgument(arg: ArgumentShape): string {
  switch (arg.kind) {
    case 'value':
      return formatArgumentType(arg.type);
    case 'lambda':
      return 'LAMBDA';
    case 'unit':
      return 'INTERVALUNIT';
  }
}

/** Like `formatType` without quotes around field names. */
function formatArgumentType(type: SqlType): string {
  switch (type.kind) {
    case 'ARRAY':
      return `ARRAY<${formatArgumentType(type.element)}>`;
    case 'MAP':
      return `MAP<${formatArgumentType(type.key)}, ${formatArgumentType(type.value)}>`;
    case 'STRUCT':
      return `STRUCT<${type.fields.map((f) => `${f.name} ${formatArgumentType(f.type)}`).join(', ')}>`;
    default:
      return formatType(type);
  }
}
