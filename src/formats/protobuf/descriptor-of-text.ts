import protobuf from 'protobufjs';
import { StatementError } from '../../model/errors.js';
import {
  ENUM_NUMBER_MAX,
  type EnumDescriptor,
  encodeFile,
  FIELD_NUMBER_MAX,
  FIELD_TYPES,
  type FieldDescriptor,
  type MessageDescriptor,
  type Options,
  type ServiceDescriptor,
} from './descriptor-bytes.js';

const MESSAGE = FIELD_TYPES.indexOf('message');
const GROUP = FIELD_TYPES.indexOf('group');
const ENUM = FIELD_TYPES.indexOf('enum');
const EDITION_2023 = 1000;

/** Options that a descriptor has fields of their own for. */
const FIELDS_OF_THEIR_OWN: readonly string[] = ['default', 'json_name', 'proto3_optional'];

/**
 * The serialised FileDescriptorProto of a .proto file. Names of types that the file itself does not define stay as they are written:
 * whoever reads it has the imports.
 * @throws StatementError `invalid-schema`
 */
export function descriptorOfText(text: string): Buffer {
  const { package: packageName = '', root } = parse(text);
  const { syntax, imports } = headOf(text);
  let top: protobuf.NamespaceBase = root;
  for (const part of packageName.split('.').filter((name) => name !== '')) {
    top = top.get(part) as protobuf.NamespaceBase;
  }
  const scope = packageName === '' ? '' : `.${packageName}`;
  const names = namesIn(top, scope);
  const parts = partsOf(top, scope, names);
  const edition = /^\d{4}$/.test(syntax) ? EDITION_2023 + Number(syntax) - 2023 : null;
  const indexes = (kind: string): readonly number[] => imports.flatMap((one, i) => (one.kind === kind ? [i] : []));
  return encodeFile({
    name: 'default',
    ...(packageName === '' ? {} : { package: packageName }),
    dependency: imports.map(({ name }) => name),
    publicDependency: indexes('public'),
    weakDependency: indexes('weak'),
    messageType: parts.nestedType,
    enumType: parts.enumType,
    service: objectsOf(top, protobuf.Service).map((service) => serviceOf(service, scope, names)),
    extension: parts.extension,
    ...withOptions(root, top),
    ...(edition !== null ? { syntax: 'editions', edition } : syntax === 'proto2' ? {} : { syntax }),
  });
}

/** Full names of what a file defines, with the numbers of their types. */
type Names = ReadonlyMap<string, number>;

function parse(text: string): protobuf.IParserResult {
  try {
    return protobuf.parse(text, { keepCase: true });
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new StatementError(`invalid Protobuf schema: ${problem}`, { code: 'invalid-schema' });
  }
}

interface Import {
  readonly name: string;
  readonly kind: 'public' | 'weak' | 'plain';
}

/** What the parser does not tell: the syntax or edition, and how things are imported. */
function headOf(text: string): { readonly syntax: string; readonly imports: readonly Import[] } {
  const handle = protobuf.tokenize(text, false);
  const literal = (token: string | null): string | null => {
    if (token !== '"' && token !== "'") return null;
    const value = handle.next();
    handle.skip(token);
    return value ?? '';
  };
  let syntax = 'proto2';
  const imports: Import[] = [];
  let depth = 0;
  for (let token = handle.next(), before: string | null = ';'; token !== null; before = token, token = handle.next()) {
    if (token === '{') depth++;
    else if (token === '}') depth--;
    const begins = depth === 0 && (before === ';' || before === '}');
    if (literal(token) !== null || !begins) continue;
    if (token === 'syntax' || token === 'edition') {
      handle.skip('=');
      syntax = literal(handle.next()) ?? syntax;
    } else if (token === 'import') {
      const next = handle.next();
      const kind = next === 'public' || next === 'weak' ? next : 'plain';
      const name = literal(kind === 'plain' ? next : handle.next());
      if (name !== null) imports.push({ name, kind });
    }
  }
  return { syntax, imports };
}

function namesIn(parent: protobuf.NamespaceBase, scope: string, found = new Map<string, number>()): Names {
  for (const object of parent.nestedArray) {
    const name = `${scope}.${object.name}`;
    if (object instanceof protobuf.Enum) found.set(name, ENUM);
    if (!(object instanceof protobuf.Type)) continue;
    found.set(name, (object as { group?: boolean }).group === true ? GROUP : MESSAGE);
    namesIn(object, name, found);
  }
  return found;
}

type Parts = Required<Pick<MessageDescriptor, 'nestedType' | 'enumType' | 'extension'>>;

function partsOf(parent: protobuf.NamespaceBase, scope: string, names: Names): Parts {
  return {
    nestedType: objectsOf(parent, protobuf.Type).map((type) => messageOf(type, `${scope}.${type.name}`, names)),
    enumType: objectsOf(parent, protobuf.Enum).map(enumOf),
    extension: objectsOf(parent, protobuf.Field).map((field) => ({
      ...fieldOf(field, scope, names),
      extendee: typeNamed(field.extend!, scope, names).typeName!,
    })),
  };
}

function objectsOf<Kind>(parent: protobuf.NamespaceBase, kind: new (...parts: never[]) => Kind): readonly Kind[] {
  return parent.nestedArray.filter((object): object is protobuf.ReflectionObject & Kind => object instanceof kind);
}

function messageOf(type: protobuf.Type, place: string, names: Names): MessageDescriptor {
  const { nestedType, enumType, extension } = partsOf(type, place, names);
  // Those of extensions are listed with the extended type, too.
  const fields = type.fieldsArray.filter(({ declaringField }) => declaringField === null);
  const isOptional = (field: protobuf.Field): boolean => field.getOption('proto3_optional') === true;
  // Descriptors want those that are only made for one optional field at the end.
  const oneofs = type.oneofsArray.filter((oneof) => !oneof.fieldsArray.some(isOptional));
  const ordered = [...oneofs, ...type.oneofsArray.filter((oneof) => !oneofs.includes(oneof))];
  const entries: MessageDescriptor[] = [];
  const field = fields.map((one): FieldDescriptor => {
    const entry = one instanceof protobuf.MapField ? entryOf(one, place, names) : null;
    if (entry !== null) entries.push(entry);
    return {
      ...fieldOf(one, place, names),
      ...(entry === null ? {} : { label: 3, type: MESSAGE, typeName: `${place}.${entry.name}` }),
      ...(one.partOf === null ? {} : { oneofIndex: ordered.indexOf(one.partOf) }),
      ...(isOptional(one) ? { proto3Optional: true } : {}),
    };
  });
  const { ranges, words } = reservedOf(type.reserved);
  return {
    name: type.name,
    field,
    nestedType: [...nestedType, ...entries],
    enumType,
    extension,
    extensionRange: ((type.extensions as number[][] | undefined) ?? []).map(([start, end]) => ({
      start: start!,
      end: Math.min(end!, FIELD_NUMBER_MAX) + 1,
    })),
    oneofDecl: ordered.map(({ name }) => ({ name })),
    ...withOptions(type),
    reservedRange: ranges.map(([start, end]) => ({ start, end: Math.min(end, FIELD_NUMBER_MAX) + 1 })),
    reservedName: words,
  };
}

/** The message that stands for one entry of a map. */
function entryOf(field: protobuf.MapField, place: string, names: Names): MessageDescriptor {
  const name = `${field.name.replace(/(?:^|_+)(.?)/g, (_, first: string) => first.toUpperCase())}Entry`;
  const key = { name: 'key', number: 1, label: 1, type: FIELD_TYPES.indexOf(field.keyType) };
  const value = { name: 'value', number: 2, label: 1, ...typeNamed(field.type, place, names) };
  return { name, field: [key, value], options: { map_entry: true } };
}

function fieldOf(field: protobuf.Field, scope: string, names: Names): FieldDescriptor {
  const jsonName: unknown = field.getOption('json_name');
  const fallback: unknown = field.getOption('default');
  const type = typeNamed(field.type, scope, names);
  return {
    name: field.name,
    number: field.id,
    label: field.rule === 'repeated' ? 3 : field.rule === 'required' ? 2 : 1,
    ...type,
    ...(fallback === undefined ? {} : { defaultValue: defaultText(fallback, field.type) }),
    ...(typeof jsonName === 'string' ? { jsonName } : {}),
    ...withOptions(field),
  };
}

/** A name is looked for in the innermost scope first. */
function typeNamed(name: string, scope: string, names: Names): Pick<FieldDescriptor, 'type' | 'typeName'> {
  const scalar = FIELD_TYPES.indexOf(name);
  if (scalar > 0) return { type: scalar };
  for (let around = name.startsWith('.') ? '' : scope; ; around = around.slice(0, around.lastIndexOf('.'))) {
    const typeName = name.startsWith('.') ? name : `${around}.${name}`;
    const type = names.get(typeName);
    if (type !== undefined) return { type, typeName };
    if (around === '') return { typeName: name };
  }
}

/** Numbers beyond all bounds have words, bytes are spelled with escapes. */
function defaultText(value: unknown, type: string): string {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
  }
  const text = String(value);
  if (type !== 'bytes') return text;
  let escaped = '';
  for (const byte of Buffer.from(text, 'latin1')) {
    const char = String.fromCharCode(byte);
    if (char === '"' || char === '\\') escaped += `\\${char}`;
    else if (byte >= 0x20 && byte < 0x7f) escaped += char;
    else escaped += `\\${byte.toString(8).padStart(3, '0')}`;
  }
  return escaped;
}

function enumOf(declared: protobuf.Enum): EnumDescriptor {
  const { ranges, words } = reservedOf(declared.reserved);
  return {
    name: declared.name,
    value: Object.entries(declared.values).map(([name, number]) => ({
      name,
      number,
      ...(declared.valuesOptions?.[name] === undefined ? {} : { options: declared.valuesOptions[name] }),
    })),
    ...withOptions(declared),
    reservedRange: ranges.map(([start, end]) => ({ start, end: Math.min(end, ENUM_NUMBER_MAX) })),
    reservedName: words,
  };
}

function serviceOf(service: protobuf.Service, scope: string, names: Names): ServiceDescriptor {
  const typeName = (name: string): string => typeNamed(name, `${scope}.${service.name}`, names).typeName ?? name;
  return {
    name: service.name,
    method: service.methodsArray.map((method) => ({
      name: method.name,
      inputType: typeName(method.requestType),
      outputType: typeName(method.responseType),
      ...withOptions(method),
      ...(method.requestStream === true ? { clientStreaming: true } : {}),
      ...(method.responseStream === true ? { serverStreaming: true } : {}),
    })),
    ...withOptions(service),
  };
}

function reservedOf(reserved: readonly (readonly number[] | string)[] | undefined): {
  readonly ranges: readonly (readonly [number, number])[];
  readonly words: readonly string[];
} {
  const ranges: [number, number][] = [];
  const words: string[] = [];
  for (const one of reserved ?? []) {
    if (typeof one === 'string') words.push(one);
    else ranges.push([one[0]!, one[1]!]);
  }
  return { ranges, words };
}

/** The options of an object, where it has some. */
function withOptions(...objects: readonly protobuf.ReflectionObject[]): { readonly options?: Options } {
  const options: Record<string, unknown> = {};
  for (const parsed of objects.flatMap((object) => object.parsedOptions ?? [])) {
    for (const [name, value] of Object.entries(parsed)) if (!FIELDS_OF_THEIR_OWN.includes(name)) options[name] = value;
  }
  return Object.keys(options).length === 0 ? {} : { options };
}
