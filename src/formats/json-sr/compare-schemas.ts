import { type JsonValue, writeJson } from '../../model/json-text.js';
import type { SchemaText } from '../schema-registry/schema-registry.js';
import { compareArrays } from './compare-arrays.js';
import { compareObjects } from './compare-objects.js';
import { type Bound, compareBound, multipleOfChange } from './compare-rules.js';
import type { Changes } from './schema-changes.js';
import {
  type CombinedRules,
  type NumberRules,
  nodeAt,
  nodeName,
  type SchemaNode,
  type SchemaPlace,
} from './schema-node.js';
import { invalidSchema, SchemaReader } from './schema-reader.js';

/** Pairs of schemas that are compared at most; unions of unions are compared part by part with each other. */
const PAIRS_MAX = 100_000;
const DEPTH_MAX = 500;
const UNION_MAX = 200;

/**
 * Why values of the writer's schema might not fit the reader's, by the rules of Confluent's registry: each change at its place, with the name that the
 * registry has for it.
 * @throws StatementError `invalid-schema`
 */
export function schemaIncompatibilities(reader: SchemaText, writer: SchemaText): readonly string[] {
  return new Comparison().problems(new SchemaReader(writer).root, new SchemaReader(reader).root);
}

class Comparison implements Changes {
  /** Pairs that are being compared; what is found within them is found once. */
  readonly #open = new Map<SchemaNode, Set<SchemaNode>>();
  readonly #known = new Map<SchemaNode, Map<SchemaNode, boolean>>();
  #problems: string[] = [];
  #pairs = 0;
  #depth = 0;

  problems(writer: SchemaPlace, reader: SchemaPlace): readonly string[] {
    this.within('#', writer, reader);
    return this.#problems;
  }

  report(path: string, change: string, words: string): void {
    this.#problems.push(`${path}: ${words} (${change})`);
  }

  within(path: string, writer: SchemaPlace | null, reader: SchemaPlace | null): void {
    if (reader === null) return;
    if (writer === null) {
      if (nodeAt(reader).kind === 'any') return;
      this.report(path, 'SCHEMA_ADDED', 'there was no rule, and now there is one');
      return;
    }
    this.#compare(path, nodeAt(writer), nodeAt(reader));
  }

  accepts(writer: SchemaPlace, reader: SchemaPlace): boolean {
    return this.#fits(nodeAt(writer), nodeAt(reader));
  }

  #fits(writer: SchemaNode, reader: SchemaNode): boolean {
    const known = this.#known.get(writer)?.get(reader);
    if (known !== undefined) return known;
    const outside = this.#problems;
    this.#problems = [];
    this.#compare('', writer, reader);
    const fits = this.#problems.length === 0;
    this.#problems = outside;
    const answers = this.#known.get(writer) ?? new Map<SchemaNode, boolean>();
    this.#known.set(writer, answers.set(reader, fits));
    return fits;
  }

  #compare(path: string, writer: SchemaNode, reader: SchemaNode): void {
    const partners = this.#open.get(writer) ?? new Set();
    if (partners.has(reader)) return;
    if (++this.#pairs > PAIRS_MAX || ++this.#depth > DEPTH_MAX) throw invalidSchema('it is too large to be compared');
    this.#open.set(writer, partners.add(reader));
    this.#compareRules(path, writer, reader);
    partners.delete(reader);
    this.#depth--;
  }

  #compareRules(path: string, writer: SchemaNode, reader: SchemaNode): void {
    if (writer.kind === 'never' || reader.kind === 'any') return;
    if (reader.kind === 'combined' && writer.kind !== 'combined') {
      const { parts } = reader;
      if (parts.length === 1 || reader.criterion !== 'all') {
        if (parts.some((part) => this.#fits(writer, nodeAt(part)))) return;
      }
    } else if (writer.kind === 'combined' && writer.parts.length === 1 && reader.kind !== 'combined') {
      if (this.#fits(nodeAt(writer.parts[0]!), reader)) return;
    }
    if (writer.kind === 'string' && reader.kind === 'string') {
      compareBound(this, path, 'least', 'MIN_LENGTH', writer.minLength, reader.minLength);
      compareBound(this, path, 'most', 'MAX_LENGTH', writer.maxLength, reader.maxLength);
      if (reader.pattern !== null && reader.pattern !== writer.pattern) {
        const change = writer.pattern === null ? 'PATTERN_ADDED' : 'PATTERN_CHANGED';
        this.report(path, change, 'texts must match another pattern');
      }
    } else if (writer.kind === 'number' && reader.kind === 'number') {
      this.#compareNumbers(path, writer.rules, reader.rules);
      if (reader.integer && !writer.integer) this.report(path, 'TYPE_NARROWED', 'numbers must be integers now');
    } else if (writer.kind === 'enum' && reader.kind === 'enum') {
      this.#compareEnums(path, writer.values, reader.values);
    } else if (writer.kind === 'object' && reader.kind === 'object') {
      compareObjects(this, path, writer, reader);
    } else if (writer.kind === 'array' && reader.kind === 'array') {
      compareArrays(this, path, writer, reader);
    } else if (writer.kind === 'combined' && reader.kind === 'combined') {
      this.#compareCombined(path, writer, reader);
    } else if (writer.kind === 'not' && reader.kind === 'not') {
      // What is excluded may only shrink.
      if (!this.accepts(reader.of, writer.of)) this.report(path, 'NOT_TYPE_EXTENDED', 'more is excluded now');
    } else if (writer.kind !== reader.kind) {
      this.report(path, 'TYPE_CHANGED', `${nodeName(writer)} has become ${nodeName(reader)}`);
    } else if (writer.kind === 'conditional' && writer !== reader) {
      this.report(path, 'TYPE_CHANGED', 'conditions cannot be compared');
    }
  }

  #compareNumbers(path: string, writer: NumberRules, reader: NumberRules): void {
    const bounds: readonly (readonly [keyof NumberRules, Bound, string])[] = [
      ['minimum', 'least', 'MINIMUM'],
      ['maximum', 'most', 'MAXIMUM'],
      ['exclusiveMinimum', 'least', 'EXCLUSIVE_MINIMUM'],
      ['exclusiveMaximum', 'most', 'EXCLUSIVE_MAXIMUM'],
    ];
    for (const [rule, bound, name] of bounds) compareBound(this, path, bound, name, writer[rule], reader[rule]);
    const change = multipleOfChange(writer.multipleOf, reader.multipleOf);
    if (change !== null) this.report(path, change, 'numbers must be multiples of something else');
  }

  #compareEnums(path: string, writer: readonly JsonValue[], reader: readonly JsonValue[]): void {
    const [before, now] = [new Set(writer.map((v) => writeJson(v))), new Set(reader.map((v) => writeJson(v)))];
    if ([...before].every((value) => now.has(value))) return;
    const change = [...now].every((value) => before.has(value)) ? 'ENUM_ARRAY_NARROWED' : 'ENUM_ARRAY_CHANGED';
    this.report(path, change, 'values of the enumeration are gone');
  }

  #compareCombined(path: string, writer: CombinedRules, reader: CombinedRules): void {
    const [before, now] = [writer.parts.length, reader.parts.length];
    if (!criterionFits(writer, reader)) {
      this.report(path, 'COMBINED_TYPE_CHANGED', `${writer.criterion}Of has become ${reader.criterion}Of`);
      return;
    }
    if (before < now && reader.criterion === 'all') {
      this.report(path, 'PRODUCT_TYPE_EXTENDED', 'values must fit more schemas now');
    } else if (before > now && writer.criterion !== 'all') {
      this.report(path, 'SUM_TYPE_NARROWED', 'values may be of fewer schemas now');
    }
    if (Math.max(before, now) > UNION_MAX) throw invalidSchema(`a union has more than ${UNION_MAX} parts`);
    if (this.#matches(writer, reader) < Math.min(before, now)) {
      this.report(path, 'COMBINED_TYPE_SUBSCHEMAS_CHANGED', `${writer.criterion}Of has other parts now`);
    }
  }

  /** How many parts of one can be paired with parts of the other that take them, each once (augmenting paths). */
  #matches(writer: CombinedRules, reader: CombinedRules): number {
    const partnerOf = new Map<SchemaPlace, SchemaPlace>();
    const pair = (part: SchemaPlace, tried: Set<SchemaPlace>): boolean => {
      for (const candidate of reader.parts) {
        if (tried.has(candidate) || !this.accepts(part, candidate)) continue;
        tried.add(candidate);
        const taken = partnerOf.get(candidate);
        if (taken !== undefined && !pair(taken, tried)) continue;
        partnerOf.set(candidate, part);
        return true;
      }
      return false;
    };
    return writer.parts.filter((part) => pair(part, new Set())).length;
  }
}

function criterionFits(writer: CombinedRules, reader: CombinedRules): boolean {
  if (writer.criterion === reader.criterion || reader.criterion === 'any') return true;
  if (reader.parts.length === 1) return writer.criterion === 'all' || writer.parts.length === 1;
  return writer.parts.length === 1 && reader.criterion !== 'all';
}
