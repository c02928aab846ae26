import type { Entity } from '../../src/engine/entities.js';

/** An answer of a statement as indented lines; members that say nothing (null, empty) are left out, and the statement's own text. */
export function entityLines(entity: Entity): string[] {
  const { '@type': type, statementText: _, ...members } = entity as unknown as Record<string, unknown>;
  return [String(type), ...memberLines(members, '  ')];
}

function memberLines(members: Readonly<Record<string, unknown>>, indent: string): string[] {
  return Object.entries(members).flatMap(([name, value]): string[] => {
    if (isEmpty(value)) return [];
    if (Array.isArray(value)) {
      if (value.every((item) => typeof item !== 'object')) return [`${indent}${name}: ${value.join(', ')}`];
      return [`${indent}${name}:`, ...value.map((item) => `${indent}  - ${inline(item)}`)];
    }
    if (typeof value === 'object' && value !== null) {
      return [`${indent}${name}:`, ...memberLines(value as Record<string, unknown>, `${indent}  `)];
    }
    const [first = '', ...more] = String(value).split('\n');
    return [`${indent}${name}: ${first}`, ...more.filter((l) => l.trim() !== '').map((l) => `${indent}    ${l}`)];
  });
}

function inline(value: unknown): string {
  if (value === null || typeof value !== 'object') return String(value);
  if (Array.isArray(value)) return `[${value.map(inline).join(', ')}]`;
  return Object.entries(value)
    .filter(([, member]) => !isEmpty(member))
    .map(([name, member]) => {
      const text = inline(member);
      return `${name}: ${typeof member === 'object' && !Array.isArray(member) ? `(${text})` : text}`;
    })
    .join(', ');
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === '') return true;
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === 'object' && Object.values(value).every(isEmpty);
}
