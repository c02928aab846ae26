import type { SourceSpan } from '../model/source-span.js';
import type { TimeUnit } from '../model/time.js';

/*
 * What was written, with spans; no meaning yet. Every node is a plain read-only object on `kind`.
 * Identifiers hold the name after folding (unquoted: upper case) or unquoting (case kept).
 */

export interface Identifier {
  readonly name: string;
  /** Whether it was written in back-ticks or double quotes. */
  readonly quoted: boolean;
  readonly span: SourceSpan;
}

// ---------------------------------------------------------------- types

/** A type as written; names of custom types are resolved by the analyser. */
export type TypeName =
  | { readonly kind: 'simpleType'; readonly name: Identifier; readonly span: SourceSpan }
  | { readonly kind: 'decimalType'; readonly precision: number; readonly scale: number; readonly span: SourceSpan }
  | { readonly kind: 'arrayType'; readonly element: TypeName; readonly span: SourceSpan }
  | { readonly kind: 'mapType'; readonly key: TypeName; readonly value: TypeName; readonly span: SourceSpan }
  | { readonly kind: 'structType'; readonly fields: readonly StructTypeField[]; readonly span: SourceSpan };

export interface StructTypeField {
  readonly name: Identifier;
  readonly type: TypeName;
}

// ---------------------------------------------------------------- expressions

export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%';
export type ComparisonOperator = '=' | '<>' | '<' | '<=' | '>' | '>=' | 'IS DISTINCT FROM' | 'IS NOT DISTINCT FROM';

/** Literals keep their digits: `text` is as written without sign, `negative` says that a `-` belongs to it. */
export type Literal =
  | { readonly kind: 'null'; readonly span: SourceSpan }
  | { readonly kind: 'boolean'; readonly value: boolean; readonly span: SourceSpan }
  /** Fits 64 bits; the value carries the sign. */
  | { readonly kind: 'integer'; readonly value: bigint; readonly span: SourceSpan }
  /** `1.50`, or `DECIMAL '1.50'`; text carries the sign. */
  | { readonly kind: 'decimal'; readonly text: string; readonly span: SourceSpan }
  | { readonly kind: 'double'; readonly value: number; readonly span: SourceSpan }
  | { readonly kind: 'string'; readonly value: string; readonly span: SourceSpan };

export type Expression =
  | Literal
  /** `name` or `source.name`. */
  | {
      readonly kind: 'column';
      readonly source: Identifier | null;
      readonly name: Identifier;
      readonly span: SourceSpan;
    }
  | { readonly kind: 'sign'; readonly operator: '-' | '+'; readonly operand: Expression; readonly span: SourceSpan }
  | {
      readonly kind: 'arithmetic';
      readonly operator: ArithmeticOperator;
      readonly left: Expression;
      readonly right: Expression;
      readonly span: SourceSpan;
    }
  /** `left || right`. */
  | { readonly kind: 'concat'; readonly left: Expression; readonly right: Expression; readonly span: SourceSpan }
  | { readonly kind: 'atTimeZone'; readonly operand: Expression; readonly zone: string; readonly span: SourceSpan }
  | {
      readonly kind: 'comparison';
      readonly operator: ComparisonOperator;
      readonly left: Expression;
      readonly right: Expression;
      readonly span: SourceSpan;
    }
  | {
      readonly kind: 'logical';
      readonly operator: 'AND' | 'OR';
      readonly left: Expression;
      readonly right: Expression;
      readonly span: SourceSpan;
    }
  | { readonly kind: 'not'; readonly operand: Expression; readonly span: SourceSpan }
  | { readonly kind: 'isNull'; readonly operand: Expression; readonly negated: boolean; readonly span: SourceSpan }
  | {
      readonly kind: 'between';
      readonly operand: Expression;
      readonly low: Expression;
      readonly high: Expression;
      readonly negated: boolean;
      readonly span: SourceSpan;
    }
  | {
      readonly kind: 'in';
      readonly operand: Expression;
      readonly items: readonly Expression[];
      readonly negated: boolean;
      readonly span: SourceSpan;
    }
  | {
      readonly kind: 'like';
      readonly operand: Expression;
      readonly pattern: Expression;
      /** As written; the analyser checks that it is one character. */
      readonly escape: string | null;
      readonly negated: boolean;
      readonly span: SourceSpan;
    }
  | {
      readonly kind: 'case';
      /** Present for the simple form `CASE x WHEN v ...`. */
      readonly operand: Expression | null;
      readonly branches: readonly { readonly when: Expression; readonly then: Expression }[];
      readonly otherwise: Expression | null;
      readonly span: SourceSpan;
    }
  | { readonly kind: 'cast'; readonly operand: Expression; readonly type: TypeName; readonly span: SourceSpan }
  /** `operand[index]`. */
  | { readonly kind: 'subscript'; readonly operand: Expression; readonly index: Expression; readonly span: SourceSpan }
  /** `operand->field`. */
  | {
      readonly kind: 'dereference';
      readonly operand: Expression;
      readonly field: Identifier;
      readonly span: SourceSpan;
    }
  | {
      readonly kind: 'call';
      readonly name: Identifier;
      /** `F(*)` has no arguments and `star`. */
      readonly star: boolean;
      readonly arguments: readonly CallArgument[];
      readonly span: SourceSpan;
    }
  | { readonly kind: 'arrayConstructor'; readonly elements: readonly Expression[]; readonly span: SourceSpan }
  | {
      readonly kind: 'mapConstructor';
      readonly entries: readonly { readonly key: Expression; readonly value: Expression }[];
      readonly span: SourceSpan;
    }
  | {
      readonly kind: 'structConstructor';
      readonly fields: readonly { readonly name: Identifier; readonly value: Expression }[];
      readonly span: SourceSpan;
    };

export type ExpressionKind = Expression['kind'];

/** Lambdas and bare interval units exist only as arguments of calls. */
export type CallArgument = Expression | Lambda | IntervalUnitArgument;

export interface Lambda {
  readonly kind: 'lambda';
  readonly parameters: readonly Identifier[];
  readonly body: Expression;
  readonly span: SourceSpan;
}

/** `DAYS` and the like, written bare. */
export interface IntervalUnitArgument {
  readonly kind: 'intervalUnit';
  readonly unit: TimeUnit;
  /** As it would read as a column: a lone `DAY` may be meant as one. */
  readonly name: Identifier;
  readonly span: SourceSpan;
}

// ---------------------------------------------------------------- queries

export type SelectItem =
  /** `*` or `source.*`. */
  | { readonly kind: 'star'; readonly source: Identifier | null; readonly span: SourceSpan }
  /** `structExpression->*`. */
  | { readonly kind: 'structStar'; readonly operand: Expression; readonly span: SourceSpan }
  | {
      readonly kind: 'single';
      readonly expression: Expression;
      readonly alias: Identifier | null;
      readonly span: SourceSpan;
    };

export interface Duration {
  readonly amount: bigint;
  readonly unit: TimeUnit;
  readonly span: SourceSpan;
}

export type JoinType = 'INNER' | 'LEFT' | 'RIGHT' | 'FULL';

/** `WITHIN d` sets both to the same. */
export interface Within {
  readonly before: Duration;
  readonly after: Duration;
  readonly grace: Duration | null;
  readonly span: SourceSpan;
}

export type Relation =
  | {
      readonly kind: 'table';
      readonly name: Identifier;
      readonly alias: Identifier | null;
      readonly span: SourceSpan;
    }
  /** Left-deep in written order: `right` is always a `table`. */
  | {
      readonly kind: 'join';
      readonly type: JoinType;
      readonly left: Relation;
      readonly right: Relation & { readonly kind: 'table' };
      readonly within: Within | null;
      readonly on: Expression;
      readonly span: SourceSpan;
    };

export type WindowClause =
  | {
      readonly kind: 'tumbling';
      readonly size: Duration;
      readonly retention: Duration | null;
      readonly grace: Duration | null;
      readonly span: SourceSpan;
    }
  | {
      readonly kind: 'hopping';
      readonly size: Duration;
      readonly advance: Duration;
      readonly retention: Duration | null;
      readonly grace: Duration | null;
      readonly span: SourceSpan;
    }
  | {
      readonly kind: 'session';
      readonly gap: Duration;
      readonly retention: Duration | null;
      readonly grace: Duration | null;
      readonly span: SourceSpan;
    };

export interface Query {
  readonly kind: 'query';
  readonly select: readonly SelectItem[];
  readonly from: Relation;
  readonly window: WindowClause | null;
  readonly where: Expression | null;
  /** Null when the clause is absent. */
  readonly groupBy: readonly Expression[] | null;
  readonly partitionBy: readonly Expression[] | null;
  readonly having: Expression | null;
  /** Null when nothing was said: a pull query at top level, CHANGES inside CREATE ... AS. */
  readonly emit: 'CHANGES' | 'FINAL' | null;
  readonly limit: bigint | null;
  readonly span: SourceSpan;
}

// ---------------------------------------------------------------- statements

/** One property of a WITH clause; names are upper-cased. */
export interface Property {
  readonly name: string;
  readonly value: Literal;
  readonly span: SourceSpan;
}

export interface ColumnDefinition {
  readonly name: Identifier;
  readonly type: TypeName;
  readonly constraint: 'PRIMARY KEY' | 'KEY' | 'HEADERS' | 'HEADER' | null;
  /** The name in `HEADER('name')`. */
  readonly headerKey: string | null;
  readonly span: SourceSpan;
}

export type SourceKind = 'STREAM' | 'TABLE';

interface StatementBase {
  readonly span: SourceSpan;
}

export interface CreateSource extends StatementBase {
  readonly kind: 'createSource';
  readonly sourceKind: SourceKind;
  readonly name: Identifier;
  readonly orReplace: boolean;
  readonly ifNotExists: boolean;
  /** `CREATE SOURCE STREAM|TABLE`: read-only. */
  readonly isSource: boolean;
  readonly columns: readonly ColumnDefinition[];
  readonly properties: readonly Property[];
}

export interface CreateAsSelect extends StatementBase {
  readonly kind: 'createAsSelect';
  readonly sourceKind: SourceKind;
  readonly name: Identifier;
  readonly orReplace: boolean;
  readonly ifNotExists: boolean;
  readonly properties: readonly Property[];
  readonly query: Query;
}

/** A top-level SELECT: pull when `query.emit` is null, else push. */
export interface SelectStatement extends StatementBase {
  readonly kind: 'select';
  readonly query: Query;
}

export interface InsertInto extends StatementBase {
  readonly kind: 'insertInto';
  readonly target: Identifier;
  readonly properties: readonly Property[];
  readonly query: Query;
}

export interface InsertValues extends StatementBase {
  readonly kind: 'insertValues';
  readonly target: Identifier;
  /** Empty when no list was given. */
  readonly columns: readonly Identifier[];
  /** One row in ksqlDB; several are an extension. */
  readonly rows: readonly (readonly Expression[])[];
}

export interface DropSource extends StatementBase {
  readonly kind: 'dropSource';
  readonly sourceKind: SourceKind;
  readonly name: Identifier;
  readonly ifExists: boolean;
  readonly deleteTopic: boolean;
}

export interface AlterSource extends StatementBase {
  readonly kind: 'alterSource';
  readonly sourceKind: SourceKind;
  readonly name: Identifier;
  readonly additions: readonly ColumnDefinition[];
}

export interface CreateType extends StatementBase {
  readonly kind: 'createType';
  readonly name: Identifier;
  readonly ifNotExists: boolean;
  readonly type: TypeName;
}

export interface DropType extends StatementBase {
  readonly kind: 'dropType';
  readonly name: Identifier;
  readonly ifExists: boolean;
}

export interface CreateConnector extends StatementBase {
  readonly kind: 'createConnector';
  readonly connectorKind: 'SOURCE' | 'SINK';
  readonly name: Identifier;
  readonly ifNotExists: boolean;
  /** Names keep their case here. */
  readonly properties: readonly Property[];
}

export interface DropConnector extends StatementBase {
  readonly kind: 'dropConnector';
  readonly name: Identifier;
  readonly ifExists: boolean;
}

export interface ListConnectors extends StatementBase {
  readonly kind: 'listConnectors';
  readonly scope: 'ALL' | 'SOURCE' | 'SINK';
}

export interface ListConnectorPlugins extends StatementBase {
  readonly kind: 'listConnectorPlugins';
}

export interface DescribeConnector extends StatementBase {
  readonly kind: 'describeConnector';
  readonly name: Identifier;
}

/** `TERMINATE|PAUSE|RESUME id`, or ALL when `queryId` is null. */
export interface ControlQuery extends StatementBase {
  readonly kind: 'terminate' | 'pause' | 'resume';
  readonly queryId: Identifier | null;
}

export interface ListSources extends StatementBase {
  readonly kind: 'listSources';
  readonly sourceKind: SourceKind;
  readonly extended: boolean;
}

export interface ListTopics extends StatementBase {
  readonly kind: 'listTopics';
  readonly all: boolean;
  readonly extended: boolean;
}

export interface ListQueries extends StatementBase {
  readonly kind: 'listQueries';
  readonly extended: boolean;
}

export interface SimpleList extends StatementBase {
  readonly kind: 'listFunctions' | 'listTypes' | 'listProperties' | 'listVariables';
}

export interface DescribeSource extends StatementBase {
  readonly kind: 'describeSource';
  readonly name: Identifier;
  readonly extended: boolean;
}

/** `DESCRIBE STREAMS|TABLES [EXTENDED]`. */
export interface DescribeSources extends StatementBase {
  readonly kind: 'describeSources';
  readonly sourceKind: SourceKind;
  readonly extended: boolean;
}

export interface DescribeFunction extends StatementBase {
  readonly kind: 'describeFunction';
  readonly name: Identifier;
}

export interface Explain extends StatementBase {
  readonly kind: 'explain';
  readonly target:
    | { readonly kind: 'statement'; readonly statement: Statement }
    | { readonly kind: 'queryId'; readonly queryId: Identifier };
}

export interface PrintTopic extends StatementBase {
  readonly kind: 'printTopic';
  /** Case as written, even unquoted. */
  readonly topic: string;
  readonly fromBeginning: boolean;
  /** Print every n-th record. */
  readonly interval: bigint | null;
  readonly limit: bigint | null;
}

export interface SetProperty extends StatementBase {
  readonly kind: 'setProperty';
  readonly name: string;
  readonly value: string;
}

export interface UnsetProperty extends StatementBase {
  readonly kind: 'unsetProperty';
  readonly name: string;
}

export interface AlterSystem extends StatementBase {
  readonly kind: 'alterSystem';
  readonly name: string;
  readonly value: string;
}

export interface DefineVariable extends StatementBase {
  readonly kind: 'defineVariable';
  /** Case-sensitive. */
  readonly name: string;
  readonly value: string;
}

export interface UndefineVariable extends StatementBase {
  readonly kind: 'undefineVariable';
  readonly name: string;
}

export interface RunScript extends StatementBase {
  readonly kind: 'runScript';
  readonly path: string;
}

export interface AssertTopic extends StatementBase {
  readonly kind: 'assertTopic';
  readonly exists: boolean;
  readonly topic: string;
  readonly properties: readonly Property[];
  readonly timeout: Duration | null;
}

export interface AssertSchema extends StatementBase {
  readonly kind: 'assertSchema';
  readonly exists: boolean;
  readonly subject: string | null;
  readonly id: bigint | null;
  readonly timeout: Duration | null;
}

/** Test dialect. */
export interface AssertValues extends StatementBase {
  readonly kind: 'assertValues';
  readonly target: Identifier;
  readonly columns: readonly Identifier[];
  readonly values: readonly Expression[];
}

/** Test dialect: the next record is a tombstone with this key. */
export interface AssertTombstone extends StatementBase {
  readonly kind: 'assertTombstone';
  readonly target: Identifier;
  readonly columns: readonly Identifier[];
  readonly key: readonly Expression[];
}

/** Test dialect: the source exists with just this definition. */
export interface AssertSource extends StatementBase {
  readonly kind: 'assertSource';
  readonly definition: CreateSource;
}

export type Statement =
  | CreateSource
  | CreateAsSelect
  | SelectStatement
  | InsertInto
  | InsertValues
  | DropSource
  | AlterSource
  | CreateType
  | DropType
  | CreateConnector
  | DropConnector
  | ListConnectors
  | ListConnectorPlugins
  | DescribeConnector
  | ControlQuery
  | ListSources
  | ListTopics
  | ListQueries
  | SimpleList
  | DescribeSource
  | DescribeSources
  | DescribeFunction
  | Explain
  | PrintTopic
  | SetProperty
  | UnsetProperty
  | AlterSystem
  | DefineVariable
  | UndefineVariable
  | RunScript
  | AssertTopic
  | AssertSchema
  | AssertValues
  | AssertTombstone
  | AssertSource;

export type StatementKind = Statement['kind'];
