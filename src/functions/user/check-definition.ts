import type { SqlType } from '../../model/sql-type.js';
import type {
  AggregateVariant,
  FunctionDefinition,
  ScalarVariant,
  TableFunctionVariant,
  TypePattern,
} from '../define.js';
import { parseSignature, type Signature, signatureId, substitute } from '../signature.js';
import { aggregateProblem, isObject, isSqlType } from './shape.js';
import { thrownText } from './user-function-error.js';

/** What the checks ask of the rest of the engine. */
export interface NameRules {
  /** Whether there is a function of this name that users may not define again. */
  isBuiltIn(name: string): boolean;
  /** Whether a call of this name parses. */
  isCallable(name: string): boolean;
}

const KINDS: ReadonlySet<unknown> = new Set(['scalar', 'aggregate', 'table'] satisfies FunctionDefinition['kind'][]);
const NULL_RULES: ReadonlySet<unknown> = new Set(['propagate', 'pass', 'fail'] satisfies ScalarVariant['nulls'][]);
const NAME = /^[A-Z_][A-Z0-9_]{0,127}$/;

/** Whether a value looks as if one of the `define...` functions had made it. */
export function isDefinition(value: unknown): value is FunctionDefinition {
  return isObject(value) && KINDS.has(value['kind']);
}

/** Everything that is wrong with a definition that came from a user's module; nothing of it has been checked before. */
export function definitionProblems(definition: FunctionDefinition, rules: NameRules): readonly string[] {
  const problems: string[] = [];
  const { name, description, category, variants } = definition as {
    readonly [Key in keyof FunctionDefinition]: unknown;
  };
  if (typeof name !== 'string' || !NAME.test(name)) {
    const upper = typeof name === 'string' && NAME.test(name.toUpperCase()) ? `; write ${name.toUpperCase()}` : '';
    problems.push(`its name is not of upper-case letters, digits and _${upper}`);
  } else if (rules.isBuiltIn(name)) {
    problems.push('there is a built-in function of this name, which cannot be replaced');
  } else if (!rules.isCallable(name)) {
    problems.push('its name is a word of SQL that cannot be called');
  }
  if (typeof description !== 'string') problems.push('its description is no text');
  if (typeof category !== 'string') problems.push('its category is no text');
  for (const member of ['displayName', 'author', 'version'] as const) {
    const value = definition[member] as unknown;
    if (value !== undefined && typeof value !== 'string') problems.push(`its ${member} is no text`);
  }
  if (!Array.isArray(definition.examples)) problems.push('its examples are no list');
  if (definition.kind === 'scalar' && typeof definition.deterministic !== 'boolean') {
    problems.push('its deterministic is neither true nor false');
  }
  if (!Array.isArray(variants) || variants.length === 0) problems.push('it has no variants');
  else problems.push(...variantsProblems(definition, variants));
  return problems;
}

function variantsProblems(definition: FunctionDefinition, variants: readonly unknown[]): readonly string[] {
  const ids = new Set<string>();
  return variants.flatMap((variant, i) => {
    if (!isObject(variant) || typeof variant['signature'] !== 'string') return [`variant ${i + 1} has no signature`];
    const text = variant['signature'];
    const about = (problem: string): string => `variant "${text}": ${problem}`;
    let signature: Signature;
    try {
      signature = parseSignature(text);
    } catch (error) {
      return [about(thrownText(error))];
    }
    const id = signatureId('', signature);
    if (ids.has(id)) return [about('another variant has the same parameters')];
    ids.add(id);
    return variantProblems(definition, variant, signature).map(about);
  });
}

function variantProblems(
  definition: FunctionDefinition,
  variant: Readonly<Record<string, unknown>>,
  signature: Signature,
): readonly string[] {
  const problems: string[] = [];
  const { description } = variant;
  if (description !== undefined && typeof description !== 'string') problems.push('its description is no text');
  const required = definition.kind === 'scalar' ? [] : ['bind'];
  for (const member of ['evaluate', 'bind', 'resultType', 'checkLiterals']) {
    const value = variant[member];
    if ((value !== undefined || required.includes(member)) && typeof value !== 'function') {
      problems.push(`its ${member} is no function`);
    }
  }
  if (definition.kind === 'scalar') {
    if (!NULL_RULES.has(variant['nulls'])) problems.push("its nulls is none of 'propagate', 'pass', 'fail'");
    if ((variant['evaluate'] === undefined) === (variant['bind'] === undefined)) {
      problems.push('it needs either evaluate or bind');
    }
  }
  if (definition.kind === 'aggregate') {
    const { configuration = 0, tableCapable } = variant;
    if (typeof tableCapable !== 'boolean') problems.push('its tableCapable is neither true nor false');
    const inputs = signature.parameters.length;
    if (!Number.isInteger(configuration) || (configuration as number) < 0 || (configuration as number) > inputs) {
      problems.push('its configuration is not the number of its last parameters that are literals');
    }
  } else if (variant['resultType'] === undefined) {
    const unknown = unknownResult(signature);
    if (unknown !== null) problems.push(unknown);
  }
  return problems.length > 0 ? problems : trialProblems(definition.kind, variant, signature);
}

/** Why the signature alone does not give the type of the result; null when it does. */
function unknownResult(signature: Signature): string | null {
  const bound = new Set(signature.parameters.flatMap((parameter) => genericsOf(parameter.type)));
  const free = genericsOf(signature.result).filter((name) => !bound.has(name));
  if (free.length > 0) return `no parameter says what ${free.join(', ')} of the result is; give it a resultType`;
  return holds(signature.result, ['decimal', 'any', 'unit', 'lambda'])
    ? 'the type of its result is open; give it a resultType'
    : null;
}

function genericsOf(pattern: TypePattern): readonly string[] {
  if (pattern.kind === 'generic') return [pattern.name];
  return partsOf(pattern).flatMap(genericsOf);
}

function holds(pattern: TypePattern, kinds: readonly TypePattern['kind'][]): boolean {
  return kinds.includes(pattern.kind) || partsOf(pattern).some((part) => holds(part, kinds));
}

function partsOf(pattern: TypePattern): readonly TypePattern[] {
  switch (pattern.kind) {
    case 'array':
      return [pattern.element];
    case 'map':
      return [pattern.key, pattern.value];
    case 'struct':
      return pattern.fields.map((field) => field.type);
    case 'lambda':
      return [...pattern.parameters, pattern.result];
    default:
      return [];
  }
}

/** What binding the variant shows, where its types are known without a call. */
function trialProblems(
  kind: FunctionDefinition['kind'],
  variant: Readonly<Record<string, unknown>>,
  signature: Signature,
): readonly string[] {
  const types = signature.parameters.map((parameter) => substitute(parameter.type, new Map()));
  if (!types.every((type): type is SqlType => type !== null)) return [];
  try {
    const problem = bindProblem(kind, variant, types, substitute(signature.result, new Map()));
    return problem === null ? [] : [problem];
  } catch (error) {
    return [`it cannot be bound: ${thrownText(error)}`];
  }
}

function bindProblem(
  kind: FunctionDefinition['kind'],
  variant: Readonly<Record<string, unknown>>,
  types: readonly SqlType[],
  declared: SqlType | null,
): string | null {
  if (kind === 'aggregate') {
    const { bind, configuration = 0, tableCapable } = variant as unknown as AggregateVariant;
    if (configuration > 0) return null;
    return aggregateProblem(bind(types, [], { setting: () => undefined, firstSequence: 0 }), tableCapable);
  }
  const { bind, resultType } = variant as unknown as ScalarVariant & TableFunctionVariant;
  const result: unknown = resultType === undefined ? declared : resultType(types);
  if (!isSqlType(result)) return 'its resultType gave no SQL type';
  const code: unknown =
    bind === undefined ? variant['evaluate'] : bind(types, result, { now: () => 0, random: () => 0 });
  return typeof code === 'function' ? null : 'its bind gave no function';
}
