import type { Catalog } from '../../../src/catalog/catalog.js';
import { MemoryCatalog } from '../../../src/catalog/memory-catalog.js';
import { applyEffects } from '../../../src/engine/command-log.js';
import { effectsOf } from '../../../src/engine/plan-effects.js';
import { createFunctionRegistry } from '../../../src/functions/registry.js';
import type { Query } from '../../../src/parser/ast.js';
import { parse } from '../../../src/parser/parse.js';
import { type PlannedStatement, planStatement } from '../../../src/planner/plan-statement.js';
import type { PlanningContext } from '../../../src/planner/planning-context.js';
import { NO_REGISTRY_VIEW } from '../../../src/planner/schema-view.js';
import type { StatementPlan } from '../../../src/planner/statement-plan.js';

const functions = createFunctionRegistry();

/** A catalog that statements are planned against, without anything that runs. */
export class Planning {
  readonly #catalog = new MemoryCatalog();
  readonly settings = new Map<string, string>();
  #number = 0;

  constructor(...statements: string[]) {
    for (const statement of statements) this.define(statement);
  }

  get catalog(): Catalog {
    return this.#catalog.snapshot();
  }

  get context(): PlanningContext {
    return {
      catalog: this.#catalog.snapshot(),
      functions,
      dialect: 'millrace',
      setting: (name) => this.settings.get(name) ?? null,
      topic: () => null,
      schemas: NO_REGISTRY_VIEW,
      nextQueryNumber: this.#number,
      transientSuffix: '1',
    };
  }

  plan(text: string): StatementPlan {
    return planStatement(statementOf(text) as PlannedStatement, text, this.context);
  }

  /** Plans a statement and puts what it makes into the catalog. */
  define(text: string): StatementPlan {
    const plan = this.plan(text);
    applyEffects(this.#catalog, effectsOf(plan) ?? []);
    this.#number++;
    return plan;
  }
}

export function statementOf(text: string): unknown {
  const { statements, diagnostics } = parse(text.endsWith(';') ? text : `${text};`);
  if (diagnostics.length > 0) throw new Error(diagnostics[0]!.message);
  return statements[0]!.statement;
}

export function queryOf(text: string): Query {
  return (statementOf(text) as { readonly query: Query }).query;
}
