import type { MutableCatalog, QueryEntry, SourceEntry } from '../catalog/catalog.js';
import { isRegistryChange, type RegistryChange } from '../formats/schema-registry/registry-change.js';
import type { SqlType } from '../model/sql-type.js';
import type { PhysicalPlan } from '../planner/physical/physical-plan.js';

/** One change of the catalog, as data. */
export type CatalogEffect =
  | { readonly kind: 'putSource'; readonly source: SourceEntry }
  | { readonly kind: 'removeSource'; readonly name: string }
  | { readonly kind: 'putType'; readonly name: string; readonly type: SqlType }
  | { readonly kind: 'removeType'; readonly name: string }
  | { readonly kind: 'putQuery'; readonly query: QueryEntry }
  | { readonly kind: 'removeQuery'; readonly id: string }
  /** Of the embedded schema registry. */
  | { readonly kind: 'changeRegistry'; readonly change: RegistryChange };

/** A statement that changed the catalog, with what it changed: the unit of the durable command log. */
export interface Command {
  readonly version: 1;
  readonly statement: string;
  readonly effects: readonly CatalogEffect[];
}

export function encodeCommand(command: Command): string {
  return JSON.stringify(command);
}

/** @throws Error when the text is no command of a known version, or holds a plan that this release cannot run */
export function decodeCommand(text: string): Command {
  const command = JSON.parse(text) as Partial<Command> | null;
  if (command?.version !== 1 || !Array.isArray(command.effects)) {
    throw new Error(`unknown command version ${String(command?.version)}`);
  }
  for (const effect of command.effects as readonly CatalogEffect[]) {
    if (!EFFECT_KINDS.has(effect.kind)) throw new Error(`unknown effect ${String(effect.kind)}`);
    if (effect.kind === 'changeRegistry' && !isRegistryChange(effect.change)) {
      throw new Error('unknown change of the schema registry');
    }
    if (effect.kind !== 'putQuery') continue;
    const plan = JSON.parse(effect.query.plan) as Partial<PhysicalPlan> | null;
    if (plan?.version !== 1) throw new Error(`query ${effect.query.id} has a plan of version ${String(plan?.version)}`);
  }
  return command as Command;
}

const EFFECT_KINDS: ReadonlySet<string> = new Set<CatalogEffect['kind']>([
  'putSource',
  'removeSource',
  'putType',
  'removeType',
  'putQuery',
  'removeQuery',
  'changeRegistry',
]);

/** Changes of the registry are not the catalog's: see `registryChanges`. */
export function applyEffects(catalog: MutableCatalog, effects: readonly CatalogEffect[]): void {
  for (const effect of effects) {
    switch (effect.kind) {
      case 'putSource':
        catalog.putSource(effect.source);
        break;
      case 'removeSource':
        catalog.removeSource(effect.name);
        break;
      case 'putType':
        catalog.putType(effect.name, effect.type);
        break;
      case 'removeType':
        catalog.removeType(effect.name);
        break;
      case 'putQuery':
        catalog.putQuery(effect.query);
        break;
      case 'removeQuery':
        catalog.removeQuery(effect.id);
        break;
      case 'changeRegistry':
        break;
    }
  }
}

export function registryChanges(effects: readonly CatalogEffect[]): readonly RegistryChange[] {
  return effects.flatMap((effect) => (effect.kind === 'changeRegistry' ? [effect.change] : []));
}
