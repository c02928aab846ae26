import type { SchemaSpellings } from '../schema-registry/registry-schemas.js';
import { descriptorOfText } from './descriptor-of-text.js';
import { textOfDescriptor } from './text-of-descriptor.js';

/** Every .proto file has a character that base64 does not: a semicolon, a brace, a quote. */
const BASE64 = /^[A-Za-z0-9+/\s]+={0,2}\s*$/;

/** Clients in Python and .NET send a .proto file as its serialised descriptor in base64, and ask for it as `serialized`. */
export const protobufSpellings: SchemaSpellings = {
  textOf({ text }) {
    return BASE64.test(text) ? textOfDescriptor(Buffer.from(text, 'base64')) : text;
  },
  formatted({ text }, format) {
    return format === 'serialized' ? descriptorOfText(text).toString('base64') : null;
  },
};
