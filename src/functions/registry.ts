import { StatementError, SystemError } from '../model/errors.js';
import type { SqlType } from '../model/sql-type.js';
import type { SqlValue } from '../model/value.js';
import { aggregateFunctions } from './aggregate/index.js';
import type {
  AggregateCode,
  AggregateDefinition,
  AggregateEnvironment,
  AggregateVariant,
  EvaluationContext,
  FunctionDefinition,
  NullRule,
  ScalarCode,
  ScalarVariant,
  TableFunctionVariant,
} from './define.js';
import { type Choice, chooseOverload } from './resolve.js';
import { arrayFunctions } from './scalar/array.js';
import { bytesFunctions } from './scalar/bytes.js';
import { comparisonFunctions } from './scalar/compare.js';
import { dateTimeFunctions } from './scalar/date-time.js';
import { geoFunctions } from './scalar/geo.js';
import { jsonFunctions } from './scalar/json.js';
import { lambdaFunctions } from './scalar/lambda.js';
import { mapFunctions } from './scalar/map.js';
import { maskFunctions } from './scalar/mask.js';
import { mathFunctions } from './scalar/math.js';
import { nullFunctions } from './scalar/null.js';
import { regexFunctions } from './scalar/regex.js';
import { stringFunctions } from './scalar/string.js';
import { urlFunctions } from './scalar/url.js';
import { parseSignature, type Signature, signatureId } from './signature.js';
import { tableFunctions } from './table/explode.js';
import { functionId, parseFunctionId } from './user/function-id.js';

/** What is known of an argument when an overload is chosen. */
export type ArgumentShape =
  | {
      readonly kind: 'value';
      readonly type: SqlType;
      /** Set for literals. */
      readonly literal?: SqlValue;
      /** The expression as messages quote it: the argument where a literal was needed. */
      readonly text?: string;
    }
  /** A lambda: known first by its number of parameters; `resultType` types the body once the parameters' types are known. */
  | {
      readonly kind: 'lambda';
      readonly parameters: number;
      readonly resultType: (types: readonly SqlType[]) => SqlType;
    }
  | { readonly kind: 'unit' };

/** A chosen overload. */
export interface ResolvedFunction {
  readonly definition: FunctionDefinition;
  /** Stable id of the overload, kept in plans: `SUBSTRING(STRING, INTEGER, INTEGER)`; with the version for functions of users. */
  readonly signature: string;
  /** The type each argument must be converted to; null for lambdas and units. */
  readonly parameterTypes: readonly (SqlType | null)[];
  /** For lambda arguments: the types of the lambda's parameters; null elsewhere. */
  readonly lambdaParameterTypes: readonly (readonly SqlType[] | null)[];
  readonly returnType: SqlType;
  /** For aggregates what planning needs beyond the types; null for others. */
  readonly aggregate: ResolvedAggregate | null;
}

export interface ResolvedAggregate {
  /** The values of the trailing configuration arguments; the arguments before them are computed for each row. */
  readonly configuration: readonly SqlValue[];
  /** Whether it may read a table. */
  readonly tableCapable: boolean;
  /** The type of the state that a store keeps; the value format must be able to hold it. */
  readonly stateType: SqlType;
}

/** The code of a scalar overload as the expression compiler wants it. */
export interface BoundScalar {
  readonly nulls: NullRule;
  readonly code: ScalarCode;
}

/** The functions of users, beside the built-in ones. They change while the engine runs, and plans name the version they were made with. */
export interface UserFunctions {
  /** What new statements see: the same list until it changes. */
  current(): readonly FunctionDefinition[];
  /** What a version had; null when it is not kept here. @throws SystemError when it cannot be loaded */
  version(version: string): readonly FunctionDefinition[] | null;
}

const NONE: readonly FunctionDefinition[] = [];

const NO_USER_FUNCTIONS: UserFunctions = { current: () => NONE, version: () => null };

/** Find by name, choose an overload, get its code. One instance serves planner and executor. */
export interface FunctionRegistry {
  /**
   * By name, case-insensitive; null when unknown.
   * @param signature the id that a plan names, to find the version of it
   */
  find(name: string, signature?: string): FunctionDefinition | null;
  /** All definitions in the order of their names. */
  all(): readonly FunctionDefinition[];
  /**
   * Chooses the overload by the rules of ksqlDB (two passes, ranking, ties are errors).
   * @throws StatementError with ksqlDB's text (`Function 'f' does not accept parameters (...)`, `Can't find any functions with the name 'X'`).
   */
  resolve(name: string, args: readonly ArgumentShape[]): ResolvedFunction;
  /**
   * The code of a scalar by the signature id of a plan.
   * @param types one an argument, after conversion; NULL for bare nulls, lambdas and units
   * @throws SystemError when this version does not have the overload that the plan names
   */
  scalar(
    name: string,
    signature: string,
    types: readonly SqlType[],
    result: SqlType,
    context: EvaluationContext,
  ): BoundScalar;
  /**
   * @param types of the arguments that are not configuration
   * @param environment settings that limit aggregates; without it all are unset
   */
  aggregate(
    name: string,
    signature: string,
    types: readonly SqlType[],
    configuration: readonly SqlValue[],
    environment?: AggregateEnvironment,
  ): AggregateCode;
  tableFunction(name: string, signature: string, types: readonly SqlType[]): (...values: SqlValue[]) => SqlValue[];
}

/** All families of built-in functions. */
export const builtInFunctions: readonly FunctionDefinition[] = [
  ...mathFunctions,
  ...comparisonFunctions,
  ...geoFunctions,
  ...stringFunctions,
  ...maskFunctions,
  ...regexFunctions,
  ...bytesFunctions,
  ...nullFunctions,
  ...arrayFunctions,
  ...mapFunctions,
  ...lambdaFunctions,
  ...jsonFunctions,
  ...urlFunctions,
  ...dateTimeFunctions,
  ...aggregateFunctions,
  ...tableFunctions,
];

/** A registry over the given definitions; names must differ. Those of users never have the name of another. */
export function createFunctionRegistry(
  definitions: readonly FunctionDefinition[] = builtInFunctions,
  users: UserFunctions = NO_USER_FUNCTIONS,
): FunctionRegistry {
  return new DefinitionRegistry(definitions, users);
}

const NO_ENVIRONMENT: AggregateEnvironment = { setting: () => undefined, firstSequence: 0 };

type Variant = ScalarVariant | AggregateVariant | TableFunctionVariant;

interface Overload {
  readonly id: string;
  readonly signature: Signature;
  readonly variant: Variant;
}

interface Entry {
  readonly definition: FunctionDefinition;
  /** Read on first use. */
  overloads: readonly Overload[] | null;
}

type Entries = ReadonlyMap<string, Entry>;

class DefinitionRegistry implements FunctionRegistry {
  readonly #builtIn: Entries;
  readonly #sorted: readonly FunctionDefinition[];
  readonly #users: UserFunctions;
  /** By the lists that `UserFunctions` gives. */
  readonly #entriesOf = new WeakMap<readonly FunctionDefinition[], Entries>();

  constructor(definitions: readonly FunctionDefinition[], users: UserFunctions) {
    this.#builtIn = entriesOf(definitions);
    this.#sorted = sorted(definitions);
    this.#users = users;
  }

  find(name: string, signature?: string): FunctionDefinition | null {
    const { version } = parseFunctionId(signature ?? '');
    return this.#entry(name, version)?.definition ?? null;
  }

  all(): readonly FunctionDefinition[] {
    const users = this.#users.current();
    return users.length === 0 ? this.#sorted : sorted([...this.#sorted, ...users]);
  }

  resolve(name: string, args: readonly ArgumentShape[]): ResolvedFunction {
    const entry = this.#entry(name, null);
    if (entry === undefined) throw this.#unknown(name);
    const { definition } = entry;
    const displayName = definition.displayName ?? definition.name;
    const choice = chooseOverload(displayName, overloadsOf(entry), args, definition.kind !== 'aggregate');
    const { overload, boundTypes } = choice;
    const { variant } = overload;
    const literals = args.map((arg) => (arg.kind === 'value' ? arg.literal : undefined));
    const complaint = 'checkLiterals' in variant ? variant.checkLiterals?.(literals) : null;
    if (complaint) throw new StatementError(complaint, { code: 'invalid-function-argument' });
    const shared = {
      definition,
      signature: overload.id,
      parameterTypes: choice.parameterTypes,
      lambdaParameterTypes: choice.lambdaParameterTypes,
    };
    if (definition.kind === 'aggregate') {
      const { code, aggregate } = planAggregate(definition, choice, args);
      return { ...shared, returnType: code.resultType, aggregate };
    }
    const { resultType } = variant as ScalarVariant | TableFunctionVariant;
    const returnType = resultType === undefined ? choice.returnType : resultType(boundTypes);
    if (returnType === null) {
      throw new StatementError(`Could not infer the result type of function '${displayName}' from untyped nulls.`, {
        code: 'unknown-result-type',
        hint: 'Use CAST(NULL AS type).',
      });
    }
    return { ...shared, returnType, aggregate: null };
  }

  scalar(
    name: string,
    signature: string,
    types: readonly SqlType[],
    result: SqlType,
    context: EvaluationContext,
  ): BoundScalar {
    const variant = this.#variant('scalar', name, signature) as ScalarVariant;
    const code = variant.evaluate ?? variant.bind!(types, result, context);
    return { nulls: variant.nulls, code };
  }

  aggregate(
    name: string,
    signature: string,
    types: readonly SqlType[],
    configuration: readonly SqlValue[],
    environment: AggregateEnvironment = NO_ENVIRONMENT,
  ): AggregateCode {
    const variant = this.#variant('aggregate', name, signature) as AggregateVariant;
    return variant.bind(types, configuration, environment);
  }

  tableFunction(name: string, signature: string, types: readonly SqlType[]): (...values: SqlValue[]) => SqlValue[] {
    const code = (this.#variant('table', name, signature) as TableFunctionVariant).bind(types);
    return code as (...values: SqlValue[]) => SqlValue[];
  }

  #variant(kind: FunctionDefinition['kind'], name: string, id: string): Variant {
    const { signature, version } = parseFunctionId(id);
    const entry = this.#entry(name, version);
    if (entry !== undefined && entry.definition.kind === kind) {
      for (const overload of overloadsOf(entry)) {
        if (parseFunctionId(overload.id).signature === signature) return overload.variant;
      }
    }
    if (version === null) {
      throw new SystemError(`the plan uses function ${id}, which this version does not have`, {
        code: 'unknown-function-signature',
      });
    }
    throw new SystemError(`the plan uses function ${signature} of a user, and there is none now`, {
      code: 'unknown-function-signature',
      hint: 'put its module back into the folder of functions, or drop the query',
    });
  }

  /** @param version of the module, for functions of users: what is not kept any more is the current one */
  #entry(name: string, version: string | null): Entry | undefined {
    const upper = name.toUpperCase();
    const kept = version === null ? null : this.#users.version(version);
    const own = kept === null ? undefined : this.#userEntries(kept).get(upper);
    return own ?? this.#builtIn.get(upper) ?? this.#userEntries(this.#users.current()).get(upper);
  }

  #userEntries(definitions: readonly FunctionDefinition[]): Entries {
    let entries = this.#entriesOf.get(definitions);
    if (entries === undefined) {
      entries = entriesOf(definitions);
      this.#entriesOf.set(definitions, entries);
    }
    return entries;
  }

  #unknown(name: string): StatementError {
    const near = this.#nearest(name.toUpperCase());
    return new StatementError(`Can't find any functions with the name '${name.toUpperCase()}'`, {
      code: 'unknown-function',
      ...(near === null ? {} : { hint: `Did you mean ${near}?` }),
    });
  }

  #nearest(name: string): string | null {
    let found: string | null = null;
    let least = Math.min(3, Math.ceil(name.length / 3) + 1);
    for (const { name: candidate } of this.all()) {
      const distance = editDistance(name, candidate, least);
      if (distance < least) {
        least = distance;
        found = candidate;
      }
    }
    return found;
  }
}

function entriesOf(definitions: readonly FunctionDefinition[]): Entries {
  const entries = new Map<string, Entry>();
  for (const definition of definitions) {
    if (entries.has(definition.name)) throw new Error(`function ${definition.name} is defined twice`);
    entries.set(definition.name, { definition, overloads: null });
  }
  return entries;
}

function sorted(definitions: readonly FunctionDefinition[]): readonly FunctionDefinition[] {
  return [...definitions].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function overloadsOf(entry: Entry): readonly Overload[] {
  if (entry.overloads === null) {
    const variants: readonly Variant[] = entry.definition.variants;
    const { name, origin } = entry.definition;
    entry.overloads = variants.map((variant) => {
      const signature = parseSignature(variant.signature);
      const id = signatureId(name, signature);
      return { id: origin === undefined ? id : functionId(id, origin.version), signature, variant };
    });
  }
  return entry.overloads;
}

function planAggregate(
  definition: AggregateDefinition,
  choice: Choice<Overload>,
  args: readonly ArgumentShape[],
): { code: AggregateCode; aggregate: ResolvedAggregate } {
  const variant = choice.overload.variant as AggregateVariant;
  const inputs = args.length - (variant.configuration ?? 0);
  const configuration = args.slice(inputs).map((arg, i) => {
    const literal = arg.kind === 'value' ? arg.literal : undefined;
    if (literal !== undefined && literal !== null) return literal;
    const text = arg.kind !== 'value' ? '' : (arg.text ?? (literal === null ? 'null' : ''));
    throw new StatementError(
      `Parameter ${inputs + i + 1} passed to function ${definition.name} must be a literal constant, but was expression: '${text}'`,
      { code: 'literal-required' },
    );
  });
  const code = variant.bind(choice.boundTypes.slice(0, inputs), configuration, NO_ENVIRONMENT);
  return { code, aggregate: { configuration, tableCapable: variant.tableCapable, stateType: code.stateType } };
}

/** Levenshtein distance, or `limit` when it is at least that. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const substituted = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(substituted, previous[j]! + 1, current[j - 1]! + 1));
    }
    previous = current;
  }
  return Math.min(previous[b.length]!, limit);
}
