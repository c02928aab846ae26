import { JsonNumber, type JsonValue, quoteJsonString } from '../../model/json-text.js';
import { type AvroField, type AvroProps, type AvroType, namespaceOf, shortName } from './avro-type.js';

/**
 * The schema's text, compact and with its members in one order, which is that of Java's library and of Connect: schemas that mean the same have equal
 * texts. A type that was printed before, or that `imported` has, is mentioned by its name.
 */
export function writeAvro(type: AvroType, imported: ReadonlySet<string> = new Set()): string {
  return new AvroWriter(imported).text(type, '');
}

class AvroWriter {
  readonly #known: Set<string>;

  constructor(imported: ReadonlySet<string>) {
    this.#known = new Set(imported);
  }

  text(type: AvroType, namespace: string): string {
    switch (type.kind) {
      case 'union':
        return `[${type.branches.map((branch) => this.text(branch, namespace)).join(',')}]`;
      case 'array':
        return `{"type":"array","items":${this.text(type.items, namespace)}${propsText(type.props, true)}}`;
      case 'map':
        return `{"type":"map","values":${this.text(type.values, namespace)}${propsText(type.props, true)}}`;
      case 'record':
      case 'enum':
      case 'fixed': {
        if (this.#known.has(type.name)) return quoteJsonString(mention(type.name, namespace));
        this.#known.add(type.name);
        const own = namespaceOf(type.name);
        const head = [`{"type":"${type.kind}","name":${quoteJsonString(shortName(type.name))}`];
        if (own !== namespace) head.push(`"namespace":${quoteJsonString(own)}`);
        const doc = type.props.get('doc');
        if (doc !== undefined) head.push(`"doc":${jsonText(doc)}`);
        if (type.kind === 'record') {
          head.push(`"fields":[${type.fields.map((field) => this.#field(field, own)).join(',')}]`);
        } else if (type.kind === 'enum') {
          head.push(`"symbols":${jsonText([...type.symbols])}`);
          if (type.default !== undefined) head.push(`"default":${quoteJsonString(type.default)}`);
        } else {
          head.push(`"size":${type.size}`);
        }
        return `${head.join(',')}${propsText(type.props)}${aliasesText(type.aliases)}}`;
      }
      default:
        return type.props.size === 0 ? `"${type.kind}"` : `{"type":"${type.kind}"${propsText(type.props, true)}}`;
    }
  }

  #field(field: AvroField, namespace: string): string {
    const parts = [`{"name":${quoteJsonString(field.name)}`, `"type":${this.text(field.type, namespace)}`];
    const doc = field.props.get('doc');
    if (doc !== undefined) parts.push(`"doc":${jsonText(doc)}`);
    if (field.default !== undefined) parts.push(`"default":${jsonText(field.default)}`);
    return `${parts.join(',')}${propsText(field.props)}${aliasesText(field.aliases)}}`;
  }
}

function mention(name: string, namespace: string): string {
  return namespaceOf(name) === namespace ? shortName(name) : name;
}

function aliasesText(aliases: readonly string[]): string {
  return aliases.length === 0 ? '' : `,"aliases":${jsonText([...aliases])}`;
}

/** The order in which Connect writes what it knows; everything else follows by name. */
const ORDER = [
  'order',
  'scale',
  'precision',
  'connect.doc',
  'connect.version',
  'connect.parameters',
  'connect.default',
  'connect.internal.type',
  'connect.name',
  'connect.type',
  'logicalType',
];

function rank(name: string): number {
  const known = ORDER.indexOf(name);
  return known < 0 ? ORDER.length : known;
}

function byRank([a]: [string, JsonValue], [b]: [string, JsonValue]): number {
  return rank(a) - rank(b) || (a < b ? -1 : 1);
}

/** `doc` has its own place in named types and fields, elsewhere it is a property like others; the order `ascending` is the default one. */
function propsText(props: AvroProps, withDoc = false): string {
  return [...props]
    .filter(([name, value]) => (withDoc || name !== 'doc') && !(name === 'order' && value === 'ascending'))
    .sort(byRank)
    .map(([name, value]) => `,${quoteJsonString(name)}:${jsonText(value)}`)
    .join('');
}

function jsonText(value: JsonValue): string {
  if (value instanceof JsonNumber) return value.text;
  if (Array.isArray(value)) return `[${value.map(jsonText).join(',')}]`;
  if (!(value instanceof Map)) return JSON.stringify(value);
  return `{${[...value]
    .sort(byRank)
    .map(([name, member]) => `${quoteJsonString(name)}:${jsonText(member)}`)
    .join(',')}}`;
}
