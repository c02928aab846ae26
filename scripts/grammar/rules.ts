import type { IProduction, Rule, TokenType } from 'chevrotain';
import { StatementRules } from '../../src/parser/rules/statement-rules.js';
import { ALL_TOKENS, tokenKind } from '../../src/parser/tokens.js';

/** A grammar rule's body, free of the parser library. */
export type Part =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'rule'; readonly name: string }
  | { readonly kind: 'sequence'; readonly parts: readonly Part[] }
  | { readonly kind: 'choice'; readonly parts: readonly Part[] }
  | { readonly kind: 'optional'; readonly part: Part }
  | { readonly kind: 'repeat'; readonly part: Part; readonly separator: Part | null; readonly atLeastOne: boolean };

export interface GrammarRule {
  readonly name: string;
  readonly body: Part;
}

/** The rules of the parser in the order of reading: each rule is followed by those it uses first. */
export function grammarRules(): GrammarRule[] {
  const rules = new StatementRules(false).getGAstProductions();
  const ordered: GrammarRule[] = [{ name: 'script', body: SCRIPT }];
  const seen = new Set<string>();
  const pending = ['terminatedStatement'];
  while (pending.length > 0) {
    const name = pending.shift()!;
    if (seen.has(name)) continue;
    seen.add(name);
    const rule = rules[name]!;
    const body = partOf(rule as Rule);
    ordered.push({ name, body });
    pending.unshift(...namesIn(body).filter((used) => used in rules && !seen.has(used)));
  }
  return ordered;
}

const SCRIPT: Part = {
  kind: 'repeat',
  part: { kind: 'rule', name: 'terminatedStatement' },
  separator: null,
  atLeastOne: false,
};

/** What the names of token groups stand for. */
export function tokenGroups(): GrammarRule[] {
  const groups = ALL_TOKENS.filter((type) => type.categoryMatches !== undefined && type.categoryMatches.length > 0);
  return groups.map((group) => {
    const members = ALL_TOKENS.filter((type) => type.CATEGORIES?.includes(group));
    const words = members.filter((type) => group.name.endsWith('Name') && tokenKind(type) === 'keyword');
    const others = members.filter((type) => !words.includes(type)).map(terminal);
    const parts = words.length > 0 ? [...others, { kind: 'rule', name: 'nonReservedWord' } as const] : others;
    return { name: group.name, body: parts.length === 1 ? parts[0]! : { kind: 'choice', parts } };
  });
}

function terminal(type: TokenType): Part {
  const kind = tokenKind(type);
  const isFixed = kind === 'keyword' || kind === 'operator' || kind === 'punctuation';
  if (!isFixed) return { kind: 'rule', name: type.name };
  return { kind: 'text', text: type.LABEL!.replace(/^'(.*)'$/, '$1') };
}

/** Productions say what they are by the name of their class. */
interface AnyProduction extends IProduction {
  readonly definition: IProduction[];
  readonly nonTerminalName?: string;
  readonly terminalType?: TokenType;
  readonly separator?: TokenType;
}

function partOf(production: IProduction): Part {
  const p = production as AnyProduction;
  switch (p.constructor.name.replace(/^_+|\d+$/g, '')) {
    case 'Terminal':
      return terminal(p.terminalType!);
    case 'NonTerminal':
      return { kind: 'rule', name: p.nonTerminalName! };
    case 'Alternation':
      return choice(p.definition.map(partOf));
    case 'Option':
      return { kind: 'optional', part: sequence(p.definition) };
    case 'Repetition':
      return { kind: 'repeat', part: sequence(p.definition), separator: null, atLeastOne: false };
    case 'RepetitionMandatory':
      return { kind: 'repeat', part: sequence(p.definition), separator: null, atLeastOne: true };
    case 'RepetitionWithSeparator':
      return { kind: 'repeat', part: sequence(p.definition), separator: terminal(p.separator!), atLeastOne: false };
    case 'RepetitionMandatoryWithSeparator':
      return { kind: 'repeat', part: sequence(p.definition), separator: terminal(p.separator!), atLeastOne: true };
    default:
      return sequence(p.definition);
  }
}

function sequence(productions: readonly IProduction[]): Part {
  const parts = productions.map(partOf);
  return parts.length === 1 ? parts[0]! : { kind: 'sequence', parts };
}

function choice(parts: readonly Part[]): Part {
  return parts.length === 1 ? parts[0]! : { kind: 'choice', parts };
}

function namesIn(part: Part): string[] {
  switch (part.kind) {
    case 'text':
      return [];
    case 'rule':
      return [part.name];
    case 'sequence':
    case 'choice':
      return part.parts.flatMap(namesIn);
    case 'optional':
    case 'repeat':
      return namesIn(part.part);
  }
}
