import { unreachable } from '../model/errors.js';
import type {
  ColumnDefinition,
  CreateSource,
  Duration,
  Expression,
  Identifier,
  Property,
  Query,
  Relation,
  SelectItem,
  Statement,
  WindowClause,
  Within,
} from './ast.js';
import {
  ExpressionFormatter,
  type FormatOptions,
  formatIdentifier,
  formatLiteral,
  formatString,
  quoteIdentifier,
} from './format-expression.js';

export {
  type FormatOptions,
  formatExpression,
  formatIdentifier,
  formatLiteral,
  formatString,
  formatTypeName,
} from './format-expression.js';

/** Canonical text of a statement on one line, `;` included. Parsing it gives the same tree, spans and quotes apart. */
export function formatStatement(statement: Statement, options: FormatOptions = {}): string {
  return `${new StatementFormatter(options).statement(statement)};`;
}

class StatementFormatter {
  readonly #e: ExpressionFormatter;

  constructor(options: FormatOptions) {
    this.#e = new ExpressionFormatter(options);
  }

  statement(s: Statement): string {
    const name = (identifier: Identifier): string => this.#e.name(identifier);
    switch (s.kind) {
      case 'createSource':
        return this.#createSource(s);
      case 'createAsSelect': {
        const head = `CREATE ${s.orReplace ? 'OR REPLACE ' : ''}${s.sourceKind} ${ifNotExists(s.ifNotExists)}${name(s.name)}`;
        return `${head}${properties(s.properties)} AS ${this.query(s.query)}`;
      }
      case 'select':
        return this.query(s.query);
      case 'insertInto':
        return `INSERT INTO ${name(s.target)}${properties(s.properties)} ${this.query(s.query)}`;
      case 'insertValues':
        return `INSERT INTO ${name(s.target)}${this.#names(s.columns)} VALUES ${s.rows.map((r) => this.#row(r)).join(', ')}`;
      case 'dropSource': {
        const rest = `${ifExists(s.ifExists)}${name(s.name)}${s.deleteTopic ? ' DELETE TOPIC' : ''}`;
        return `DROP ${s.sourceKind} ${rest}`;
      }
      case 'alterSource': {
        const additions = s.additions.map((column) => `ADD COLUMN ${this.#column(column)}`).join(', ');
        return `ALTER ${s.sourceKind} ${name(s.name)} ${additions}`;
      }
      case 'createType':
        return `CREATE TYPE ${ifNotExists(s.ifNotExists)}${name(s.name)} AS ${this.#e.type(s.type)}`;
      case 'dropType':
        return `DROP TYPE ${ifExists(s.ifExists)}${name(s.name)}`;
      case 'createConnector': {
        const pairs = s.properties.map((p) => `${formatString(p.name)}=${formatLiteral(p.value)}`).join(', ');
        return `CREATE ${s.connectorKind} CONNECTOR ${ifNotExists(s.ifNotExists)}${name(s.name)} WITH (${pairs})`;
      }
      case 'dropConnector':
        return `DROP CONNECTOR ${ifExists(s.ifExists)}${name(s.name)}`;
      case 'listConnectors':
        return s.scope === 'ALL' ? 'LIST CONNECTORS' : `LIST ${s.scope} CONNECTORS`;
      case 'listConnectorPlugins':
        return 'LIST CONNECTOR PLUGINS';
      case 'describeConnector':
        return `DESCRIBE CONNECTOR ${name(s.name)}`;
      case 'terminate':
      case 'pause':
      case 'resume':
        return `${s.kind.toUpperCase()} ${s.queryId === null ? 'ALL' : name(s.queryId)}`;
      case 'listSources':
        return `LIST ${s.sourceKind}S${extended(s.extended)}`;
      case 'listTopics':
        return `LIST ${s.all ? 'ALL ' : ''}TOPICS${extended(s.extended)}`;
      case 'listQueries':
        return `LIST QUERIES${extended(s.extended)}`;
      case 'listFunctions':
        return 'LIST FUNCTIONS';
      case 'listTypes':
        return 'LIST TYPES';
      case 'listProperties':
        return 'LIST PROPERTIES';
      case 'listVariables':
        return 'LIST VARIABLES';
      case 'describeSource': {
        // Without quotes this would describe all tables.
        const source = s.name.name === 'TABLES' ? quoteIdentifier(s.name.name) : name(s.name);
        return `DESCRIBE ${source}${extended(s.extended)}`;
      }
      case 'describeSources':
        return `DESCRIBE ${s.sourceKind}S${extended(s.extended)}`;
      case 'describeFunction':
        return `DESCRIBE FUNCTION ${name(s.name)}`;
      case 'explain':
        return `EXPLAIN ${s.target.kind === 'queryId' ? name(s.target.queryId) : this.statement(s.target.statement)}`;
      case 'printTopic': {
        const from = s.fromBeginning ? ' FROM BEGINNING' : '';
        const interval = s.interval === null ? '' : ` INTERVAL ${s.interval}`;
        return `PRINT ${formatString(s.topic)}${from}${interval}${limit(s.limit)}`;
      }
      case 'setProperty':
        return `SET ${formatString(s.name)}=${formatString(s.value)}`;
      case 'unsetProperty':
        return `UNSET ${formatString(s.name)}`;
      case 'alterSystem':
        return `ALTER SYSTEM ${formatString(s.name)}=${formatString(s.value)}`;
      case 'defineVariable':
        return `DEFINE ${s.name} = ${formatString(s.value)}`;
      case 'undefineVariable':
        return `UNDEFINE ${s.name}`;
      case 'runScript':
        return `RUN SCRIPT ${formatString(s.path)}`;
      case 'assertTopic': {
        const rest = `${properties(s.properties)}${timeout(s.timeout)}`;
        return `ASSERT ${s.exists ? '' : 'NOT EXISTS '}TOPIC ${formatString(s.topic)}${rest}`;
      }
      case 'assertSchema': {
        const subject = s.subject === null ? '' : ` SUBJECT ${formatString(s.subject)}`;
        const id = s.id === null ? '' : ` ID ${s.id}`;
        return `ASSERT ${s.exists ? '' : 'NOT EXISTS '}SCHEMA${subject}${id}${timeout(s.timeout)}`;
      }
      case 'assertValues':
        return `ASSERT VALUES ${name(s.target)}${this.#names(s.columns)} VALUES ${this.#row(s.values)}`;
      case 'assertTombstone':
        return `ASSERT NULL VALUES ${name(s.target)}${this.#names(s.columns)} KEY ${this.#row(s.key)}`;
      case 'assertSource':
        return `ASSERT ${this.#definition(s.definition)}`;
      default:
        return unreachable(s);
    }
  }

  query(q: Query): string {
    const parts = [`SELECT ${q.select.map((item) => this.#item(item)).join(', ')} FROM ${this.#relation(q.from)}`];
    if (q.window !== null) parts.push(`WINDOW ${windowClause(q.window)}`);
    if (q.where !== null) parts.push(`WHERE ${this.#e.expression(q.where)}`);
    if (q.groupBy !== null) parts.push(`GROUP BY ${this.#grouping(q.groupBy)}`);
    if (q.partitionBy !== null) parts.push(`PARTITION BY ${this.#grouping(q.partitionBy)}`);
    if (q.having !== null) parts.push(`HAVING ${this.#e.expression(q.having)}`);
    if (q.emit !== null) parts.push(`EMIT ${q.emit}`);
    return parts.join(' ') + limit(q.limit);
  }

  #grouping(items: readonly Expression[]): string {
    return items.length === 0 ? '()' : this.#e.list(items);
  }

  #createSource(s: CreateSource): string {
    const flags = `${s.orReplace ? 'OR REPLACE ' : ''}${s.isSource ? 'SOURCE ' : ''}`;
    return `CREATE ${flags}${this.#definition(s)}`;
  }

  #definition(s: CreateSource): string {
    const columns = s.columns.length === 0 ? '' : ` (${s.columns.map((column) => this.#column(column)).join(', ')})`;
    const name = this.#e.name(s.name);
    return `${s.sourceKind} ${ifNotExists(s.ifNotExists)}${name}${columns}${properties(s.properties)}`;
  }

  #column(column: ColumnDefinition): string {
    const constraint = column.constraint === null ? '' : ` ${column.constraint}`;
    const header = column.headerKey === null ? '' : `(${formatString(column.headerKey)})`;
    return `${this.#e.name(column.name)} ${this.#e.type(column.type)}${constraint}${header}`;
  }

  #names(names: readonly Identifier[]): string {
    return names.length === 0 ? '' : ` (${names.map((name) => this.#e.name(name)).join(', ')})`;
  }

  #row(values: readonly Expression[]): string {
    return `(${this.#e.list(values)})`;
  }

  #item(item: SelectItem): string {
    switch (item.kind) {
      case 'star':
        return item.source === null ? '*' : `${this.#e.name(item.source)}.*`;
      case 'structStar':
        return `${this.#e.expression(item.operand)}->*`;
      case 'single': {
        const alias = item.alias === null ? '' : ` AS ${this.#e.name(item.alias)}`;
        return this.#e.expression(item.expression) + alias;
      }
      default:
        return unreachable(item);
    }
  }

  /** Joins lean to the left, so a long chain is walked in a loop. */
  #relation(relation: Relation): string {
    const joins: string[] = [];
    let at = relation;
    while (at.kind === 'join') {
      const side = at.within === null ? '' : ` ${within(at.within)}`;
      const type = at.type === 'INNER' ? 'INNER' : `${at.type} OUTER`;
      joins.push(` ${type} JOIN ${this.#table(at.right)}${side} ON ${this.#e.expression(at.on)}`);
      at = at.left;
    }
    return this.#table(at) + joins.reverse().join('');
  }

  #table(table: Relation & { readonly kind: 'table' }): string {
    const alias = table.alias === null ? '' : ` AS ${this.#e.name(table.alias)}`;
    return this.#e.name(table.name) + alias;
  }
}

function windowClause(window: WindowClause): string {
  const options =
    (window.retention === null ? '' : `, RETENTION ${duration(window.retention)}`) +
    (window.grace === null ? '' : `, GRACE PERIOD ${duration(window.grace)}`);
  switch (window.kind) {
    case 'tumbling':
      return `TUMBLING (SIZE ${duration(window.size)}${options})`;
    case 'hopping':
      return `HOPPING (SIZE ${duration(window.size)}, ADVANCE BY ${duration(window.advance)}${options})`;
    case 'session':
      return `SESSION (${duration(window.gap)}${options})`;
    default:
      return unreachable(window);
  }
}

function within(w: Within): string {
  const same = w.before.amount === w.after.amount && w.before.unit === w.after.unit;
  const bounds = same ? duration(w.before) : `(${duration(w.before)}, ${duration(w.after)})`;
  return `WITHIN ${bounds}${w.grace === null ? '' : ` GRACE PERIOD ${duration(w.grace)}`}`;
}

function duration(d: Duration): string {
  return `${d.amount} ${d.unit}`;
}

function limit(count: bigint | null): string {
  return count === null ? '' : ` LIMIT ${count}`;
}

function timeout(d: Duration | null): string {
  return d === null ? '' : ` TIMEOUT ${duration(d)}`;
}

function extended(given: boolean): string {
  return given ? ' EXTENDED' : '';
}

function ifNotExists(given: boolean): string {
  return given ? 'IF NOT EXISTS ' : '';
}

function ifExists(given: boolean): string {
  return given ? 'IF EXISTS ' : '';
}

/** A WITH clause; names that are no plain words become strings. */
function properties(list: readonly Property[]): string {
  if (list.length === 0) return '';
  const pairs = list.map((property) => {
    const plain = formatIdentifier(property.name) === property.name;
    return `${plain ? property.name : formatString(property.name)}=${formatLiteral(property.value)}`;
  });
  return ` WITH (${pairs.join(', ')})`;
}
