import {
  type DescriptorRange,
  decodeFile,
  ENUM_NUMBER_MAX,
  type EnumDescriptor,
  FIELD_NUMBER_MAX,
  FIELD_TYPES,
  type FieldDescriptor,
  type FileDescriptor,
  invalidDescriptor,
  type MessageDescriptor,
  type Options,
  type ServiceDescriptor,
} from './descriptor-bytes.js';
import { block, type ProtoStatement, printProto, statement } from './proto-text.js';

const GROUP = 10;
const BYTES = 12;
const STRING = 9;
const MESSAGE = 11;
const EDITION_2023 = 1000;

/**
 * The text of the .proto file that a serialised FileDescriptorProto describes. Options that nobody knows here are left out.
 * @throws StatementError `invalid-schema`
 */
export function textOfDescriptor(bytes: Uint8Array): string {
  const file = decodeFile(bytes);
  const { messageType = [], enumType = [], service = [], extension = [], dependency = [], options = {} } = file;
  const place = file.package === undefined || file.package === '' ? '' : `.${file.package}`;
  const syntax = file.syntax ?? 'proto2';
  const statements: readonly ProtoStatement[] = [
    syntaxOf(file),
    ...(place === '' ? [] : [statement(`package ${place.slice(1)}`)]),
    ...dependency.map((name, i) => statement(`import ${importKind(file, i)}${quoted(name)}`)),
    ...optionStatements(options),
    ...messageType.map((one) => messageBlock(one, place, syntax)),
    ...enumType.map(enumBlock),
    ...service.map(serviceBlock),
    ...extendBlocks(extension, syntax),
  ];
  return printProto(statements);
}

function syntaxOf({ syntax = 'proto2', edition }: FileDescriptor): ProtoStatement {
  if (syntax !== 'editions') return statement(`syntax = ${quoted(syntax)}`);
  return statement(`edition = "${2023 + (edition ?? EDITION_2023) - EDITION_2023}"`);
}

function importKind({ publicDependency = [], weakDependency = [] }: FileDescriptor, index: number): string {
  if (publicDependency.includes(index)) return 'public ';
  return weakDependency.includes(index) ? 'weak ' : '';
}

function messageBlock(message: MessageDescriptor, around: string, syntax: string): ProtoStatement {
  return block(`message ${message.name}`, messageBody(message, around, syntax));
}

function messageBody(message: MessageDescriptor, around: string, syntax: string): readonly ProtoStatement[] {
  const place = `${around}.${message.name}`;
  const { field = [], oneofDecl = [], nestedType = [], enumType = [], extension = [], options = {} } = message;
  const inner = new Map(nestedType.map((one) => [`${place}.${one.name}`, one]));
  const print = (one: FieldDescriptor): ProtoStatement => fieldStatement(one, inner, place, syntax);
  const inOneof = (one: FieldDescriptor): boolean => one.oneofIndex !== undefined && one.proto3Optional !== true;
  const printed = new Set(
    field.filter((one) => one.type === GROUP || isMap(one, inner)).map(({ typeName }) => typeName!),
  );
  return [
    ...reserved(message.reservedRange, message.reservedName, 1, FIELD_NUMBER_MAX),
    ...optionStatements(options),
    ...field.filter((one) => !inOneof(one)).map(print),
    ...oneofDecl.flatMap(({ name }, i) => {
      const members = field.filter((one) => inOneof(one) && one.oneofIndex === i);
      return members.length === 0 ? [] : [block(`oneof ${name}`, members.map(print))];
    }),
    ...(message.extensionRange ?? []).map((range) => statement(`extensions ${rangeText(range, 1, FIELD_NUMBER_MAX)}`)),
    ...nestedType.filter(({ name }) => !printed.has(`${place}.${name}`)).map((one) => messageBlock(one, place, syntax)),
    ...enumType.map(enumBlock),
    ...extendBlocks(extension, syntax),
  ];
}

function isMap({ typeName }: FieldDescriptor, inner: ReadonlyMap<string, MessageDescriptor>): boolean {
  return typeName !== undefined && inner.get(typeName)?.options?.['map_entry'] === true;
}

function fieldStatement(
  field: FieldDescriptor,
  inner: ReadonlyMap<string, MessageDescriptor>,
  place: string,
  syntax: string,
): ProtoStatement {
  const options = fieldOptions(field);
  const number = `= ${field.number}`;
  const entry = field.typeName === undefined ? undefined : inner.get(field.typeName);
  if (entry !== undefined && isMap(field, inner)) {
    const [key, value] = ['key', 'value'].map((name) => entry.field?.find((one) => one.name === name));
    if (key === undefined || value === undefined) throw invalidDescriptor('an entry of a map has no key or no value');
    return statement(`map<${typeOf(key)}, ${typeOf(value)}> ${field.name} ${number}`, options);
  }
  const label = labelOf(field, syntax);
  if (field.type === GROUP && entry !== undefined) {
    return block(`${label}group ${entry.name} ${number}`, messageBody(entry, place, syntax), options);
  }
  return statement(`${label}${typeOf(field)} ${field.name} ${number}`, options);
}

/** In editions only repetition is said; whether a field may be absent is a feature. */
function labelOf(field: FieldDescriptor, syntax: string): string {
  if (field.label === 3) return 'repeated ';
  if (field.label === 2) return 'required ';
  const isSaid = syntax === 'proto2' ? field.oneofIndex === undefined : field.proto3Optional === true;
  return isSaid ? 'optional ' : '';
}

function typeOf({ type = MESSAGE, typeName }: FieldDescriptor): string {
  const word = typeName ?? FIELD_TYPES[type];
  if (word === undefined || word === '') throw invalidDescriptor(`a field has the unknown type ${type}`);
  return word;
}

function fieldOptions({ name = '', type, defaultValue, jsonName, options = {} }: FieldDescriptor): readonly string[] {
  const texts = optionTexts(options);
  if (defaultValue !== undefined) {
    const isText = type === STRING || type === BYTES;
    texts.push(`default = ${type === BYTES ? `"${defaultValue}"` : isText ? quoted(defaultValue) : defaultValue}`);
  }
  if (jsonName !== undefined && jsonName !== camelCase(name)) texts.push(`json_name = ${quoted(jsonName)}`);
  return texts;
}

/** The name in JSON that a field has unless it says another. */
function camelCase(name: string): string {
  return name.replace(/_+(.?)/g, (_, next: string) => next.toUpperCase());
}

function enumBlock({ name, value = [], options = {}, reservedRange, reservedName }: EnumDescriptor): ProtoStatement {
  return block(`enum ${name}`, [
    ...reserved(reservedRange, reservedName, 0, ENUM_NUMBER_MAX),
    ...optionStatements(options),
    ...value.map((one) => statement(`${one.name} = ${one.number ?? 0}`, optionTexts(one.options ?? {}))),
  ]);
}

function serviceBlock({ name, method = [], options = {} }: ServiceDescriptor): ProtoStatement {
  const rpc = (one: (typeof method)[number]): ProtoStatement => {
    const input = `${one.clientStreaming === true ? 'stream ' : ''}${one.inputType}`;
    const output = `${one.serverStreaming === true ? 'stream ' : ''}${one.outputType}`;
    const head = `rpc ${one.name} (${input}) returns (${output})`;
    const inner = optionStatements(one.options ?? {});
    return inner.length === 0 ? statement(head) : block(head, inner);
  };
  return block(`service ${name}`, [...optionStatements(options), ...method.map(rpc)]);
}

function extendBlocks(fields: readonly FieldDescriptor[], syntax: string): readonly ProtoStatement[] {
  const extended = [...new Set(fields.map(({ extendee }) => extendee ?? ''))];
  return extended.map((type) =>
    block(
      `extend ${type}`,
      fields.filter(({ extendee }) => extendee === type).map((one) => fieldStatement(one, new Map(), '', syntax)),
    ),
  );
}

/** @param past what is added to a range's last number to get its end */
function reserved(
  ranges: readonly DescriptorRange[] = [],
  names: readonly string[] = [],
  past: number,
  max: number,
): readonly ProtoStatement[] {
  return [
    ...(ranges.length === 0
      ? []
      : [statement(`reserved ${ranges.map((one) => rangeText(one, past, max)).join(', ')}`)]),
    ...(names.length === 0 ? [] : [statement(`reserved ${names.map(quoted).join(', ')}`)]),
  ];
}

function rangeText({ start = 0, end = 0 }: DescriptorRange, past: number, max: number): string {
  const last = end - past;
  if (last === start) return String(start);
  return `${start} to ${last >= max ? 'max' : last}`;
}

function optionStatements(options: Options): readonly ProtoStatement[] {
  return optionTexts(options).map((text) => statement(`option ${text}`));
}

function optionTexts(options: Options): string[] {
  return Object.entries(options).flatMap(([name, value]) => {
    if (name === 'features') {
      const features = Object.entries(value as Options).filter(([, word]) => word !== '');
      return features.map(([feature, word]) => `features.${feature} = ${String(word)}`);
    }
    return value === '' ? [] : [`${name} = ${optionValue(value, name)}`];
  });
}

const WORD_OPTIONS: readonly string[] = ['optimize_for', 'ctype', 'jstype', 'idempotency_level'];

function optionValue(value: unknown, name: string): string {
  if (typeof value === 'string') return WORD_OPTIONS.includes(name) ? value : quoted(value);
  if (Array.isArray(value)) return `[${value.map((item) => optionValue(item, '')).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  const members = Object.entries(value).map(([member, inner]) => `${member}: ${optionValue(inner, member)}`);
  return `{ ${members.join(', ')} }`;
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&').replace(/[\u0000-\u001f\u007f]/g, octal)}"`;
}

function octal(char: string): string {
  return `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`;
}
