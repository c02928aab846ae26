import type { SqlType } from '../model/sql-type.js';
import type { TimeUnit } from '../model/time.js';
import type { SqlValue } from '../model/value.js';

/**
 * How a parameter or result type is written in a definition. `T`, `K`, `V`, `R`, `S` are generics; `DECIMAL` takes any
 * precision and scale; `UNIT` is a bare interval unit; `(T) => R` is a lambda. `ANY` takes any type and binds nothing, so that a variadic
 * parameter may mix types.
 */
export type TypePattern =
  | { readonly kind: 'type'; readonly type: SqlType }
  | { readonly kind: 'decimal' }
  | { readonly kind: 'generic'; readonly name: string }
  | { readonly kind: 'array'; readonly element: TypePattern }
  | { readonly kind: 'map'; readonly key: TypePattern; readonly value: TypePattern }
  | { readonly kind: 'struct'; readonly fields: readonly { readonly name: string; readonly type: TypePattern }[] }
  | { readonly kind: 'lambda'; readonly parameters: readonly TypePattern[]; readonly result: TypePattern }
  | { readonly kind: 'any' }
  | { readonly kind: 'unit' };

/** A function value that a lambda argument becomes at run time. */
export type LambdaValue = (...parameters: SqlValue[]) => SqlValue;
export type ArgumentValue = SqlValue | LambdaValue | TimeUnit;

/** What code may ask of the world while it runs. */
export interface EvaluationContext {
  /** Wall-clock time in ms. */
  now(): number;
  /** A number in [0, 1). */
  random(): number;
}

/**
 * What happens when an argument is null:
 * `propagate`: the result is null and the code is not called; `pass`: the code deals with it;
 * `fail`: an expression error (ksqlDB's primitive parameters).
 */
export type NullRule = 'propagate' | 'pass' | 'fail';

/** The code of one overload, bound to the types it was chosen for. Throws a plain Error with ksqlDB's text for an expression error. */
export type ScalarCode = (...values: never[]) => SqlValue;

export interface ScalarVariant {
  /** `(text STRING, position INT, length INT) -> STRING`; `T...` marks a variadic parameter. Written in the definition, parsed once. */
  readonly signature: string;
  readonly description?: string;
  readonly nulls: NullRule;
  /** The code; or `bind` when it depends on the argument types (DECIMAL scale, element equality). */
  readonly evaluate?: ScalarCode;
  /** `types`: one an argument, after implicit conversion; NULL for a bare null, a lambda or an interval unit. */
  readonly bind?: (types: readonly SqlType[], result: SqlType, context: EvaluationContext) => ScalarCode;
  /** Result type when the signature alone cannot say (DECIMAL precision and scale). */
  readonly resultType?: (types: readonly SqlType[]) => SqlType;
  /** Checks literal arguments (one entry an argument, undefined when it is no literal) while planning; returns ksqlDB's complaint or null. */
  readonly checkLiterals?: (literals: readonly (SqlValue | undefined)[]) => string | null;
}

/** An example that documents and tests: `sql` is an expression without columns. */
export interface FunctionExample {
  readonly sql: string;
  /** The result as the REPL prints it in JSON. */
  readonly result: string;
}

interface DefinitionBase {
  /** Upper case; how SQL finds it. */
  readonly name: string;
  /** How ksqlDB spells it in messages (often lower case); default is `name`. */
  readonly displayName?: string;
  readonly category: string;
  readonly description: string;
  readonly examples: readonly FunctionExample[];
  /** What `DESCRIBE FUNCTION` says of where the function comes from; built-in ones leave it out. */
  readonly author?: string;
  readonly version?: string;
  /** Set for functions of a user's module, when it is loaded. */
  readonly origin?: FunctionOrigin;
}

/** The module that a function was loaded from. */
export interface FunctionOrigin {
  /** The file's name within its folder: `text.ts`. */
  readonly module: string;
  /** Which version of it; see `functionId`. */
  readonly version: string;
}

export interface ScalarDefinition extends DefinitionBase {
  readonly kind: 'scalar';
  /** False when two calls with equal arguments may differ (RANDOM, UUID): never folded. */
  readonly deterministic: boolean;
  readonly variants: readonly ScalarVariant[];
}

/**
 * The code of one aggregate overload. A state is an SqlValue of `stateType`, so that any store can keep it; `add` and
 * `undo` may change an array or Map state in place and return it.
 */
export interface AggregateCode {
  readonly stateType: SqlType;
  readonly resultType: SqlType;
  /** Whether the result is the state: then the store keeps one column. Call `result` all the same: collections are copied there. */
  readonly resultIsState: boolean;
  initial(): SqlValue;
  /** `values`: one a declared (non-configuration) parameter. Throws a plain Error for an expression error; the state stays. */
  add(state: SqlValue, ...values: SqlValue[]): SqlValue;
  /** Present for aggregates that may read a table. */
  undo?(state: SqlValue, ...values: SqlValue[]): SqlValue;
  /** Session merge: `a` is the earlier. */
  merge?(a: SqlValue, b: SqlValue): SqlValue;
  result(state: SqlValue): SqlValue;
}

/** What an aggregate may know beyond its literals. */
export interface AggregateEnvironment {
  /** The value of a setting such as `ksql.functions.collect_list.limit`; undefined when it is not set. */
  setting(name: string): string | undefined;
  /**
   * Where the arrival numbers of LATEST_BY_OFFSET and EARLIEST_BY_OFFSET begin. They order the values of two merged
   * sessions, so a task that restarts over kept state gives a number above all that it gave before (the time in ms will do).
   */
  readonly firstSequence: number;
}

export interface AggregateVariant {
  readonly signature: string;
  readonly description?: string;
  /** How many trailing parameters are configuration: literals, fixed at planning time. */
  readonly configuration?: number;
  /** Whether it can be undone. */
  readonly tableCapable: boolean;
  /**
   * @param types of the arguments that are not configuration
   * @param configuration the literal values of the trailing configuration arguments, none of them null
   */
  readonly bind: (
    types: readonly SqlType[],
    configuration: readonly SqlValue[],
    environment: AggregateEnvironment,
  ) => AggregateCode;
  /** As in {@link ScalarVariant.checkLiterals}. */
  readonly checkLiterals?: (literals: readonly (SqlValue | undefined)[]) => string | null;
}

export interface AggregateDefinition extends DefinitionBase {
  readonly kind: 'aggregate';
  readonly variants: readonly AggregateVariant[];
}

/** The rows of one call; the code deals with nulls. */
export type TableFunctionCode = (...values: never[]) => SqlValue[];

export interface TableFunctionVariant {
  readonly signature: string;
  readonly description?: string;
  readonly bind: (types: readonly SqlType[]) => TableFunctionCode;
  readonly resultType?: (types: readonly SqlType[]) => SqlType;
}

export interface TableFunctionDefinition extends DefinitionBase {
  readonly kind: 'table';
  readonly variants: readonly TableFunctionVariant[];
}

export type FunctionDefinition = ScalarDefinition | AggregateDefinition | TableFunctionDefinition;

/** The groups of `SHOW FUNCTIONS`. */
export const CATEGORY = {
  array: 'ARRAY',
  aggregate: 'AGGREGATE',
  conditional: 'CONDITIONAL',
  dateTime: 'DATE / TIME',
  json: 'JSON',
  lambda: 'LAMBDA',
  map: 'MAP',
  mathematical: 'MATHEMATICAL',
  other: 'OTHER',
  regex: 'REGULAR EXPRESSION',
  string: 'STRING',
  table: 'TABLE',
  url: 'URL',
} as const;

/** What a null in a parameter that cannot be null raises; `index` counts from 0. */
export function nullArgumentMessage(index: number): string {
  return `Can't coerce argument at index ${index} from null to a primitive type`;
}

/** Definitions may leave out what has a default: the category is OTHER, and there are no examples. */
type Written<Definition extends DefinitionBase> = Omit<Definition, 'kind' | 'category' | 'examples' | 'origin'> &
  Partial<Pick<Definition, 'category' | 'examples'>>;

const UNSAID = { category: CATEGORY.other, examples: [] };

/**
 * Declares a scalar function. Nothing is registered: the family file lists its definitions, `registry.ts` the families; a user's module
 * exports them.
 */
export function defineScalar(
  definition: Omit<Written<ScalarDefinition>, 'deterministic'> & { readonly deterministic?: boolean },
): ScalarDefinition {
  return { kind: 'scalar', deterministic: true, ...UNSAID, ...definition };
}

export function defineAggregate(definition: Written<AggregateDefinition>): AggregateDefinition {
  return { kind: 'aggregate', ...UNSAID, ...definition };
}

export function defineTableFunction(definition: Written<TableFunctionDefinition>): TableFunctionDefinition {
  return { kind: 'table', ...UNSAID, ...definition };
}
