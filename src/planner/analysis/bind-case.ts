import { StatementError } from '../../model/errors.js';
import type { SourceSpan } from '../../model/source-span.js';
import { formatType, NULL_TYPE, type SqlType, sameType } from '../../model/sql-type.js';
import type { Expression } from '../../parser/ast.js';
import type { BoundExpression } from '../expression.js';
import type { Binder } from './bind-context.js';
import { Problem } from './bind-problem.js';
import { castTo } from './cast-to.js';

/**
 * CASE: all branches of one type, NULL aside. The simple form becomes comparisons, each with its own copy of the operand.
 */
export function bindCase(binder: Binder, e: Expression & { kind: 'case' }): BoundExpression {
  if (e.operand !== null && binder.context.simpleCase === false) {
    throw new StatementError('Simple CASE expressions are not supported.', {
      code: 'not-in-dialect',
      span: e.span,
      hint: 'Write CASE WHEN x = value THEN ... END.',
    });
  }
  const branches = e.branches.map((branch) => ({
    when: bindWhen(binder, e.operand, branch.when),
    then: binder.bind(branch.then),
  }));
  const otherwise = e.otherwise && binder.bind(e.otherwise);
  let type: SqlType = NULL_TYPE;
  let first: Expression | null = null;
  for (const [i, { then }] of branches.entries()) {
    const written = e.branches[i]!.then;
    if (then.type.kind === 'NULL') continue;
    if (first === null) {
      type = then.type;
      first = written;
    } else if (!sameType(type, then.type)) {
      throw branchProblem(
        "Type for all 'THEN' clauses should be the same.",
        `THEN expression '${binder.text(first)}' has type: ${formatType(type)}.`,
        `THEN expression '${binder.text(written)}' has type: ${formatType(then.type)}.`,
        e.span,
      );
    }
  }
  if (otherwise !== null && otherwise.type.kind !== 'NULL') {
    if (first === null) {
      type = otherwise.type;
    } else if (!sameType(type, otherwise.type)) {
      throw branchProblem(
        "Type for the default clause should be the same as for 'THEN' clauses.",
        `THEN type: ${formatType(type)}.`,
        `DEFAULT type: ${formatType(otherwise.type)}.`,
        e.span,
      );
    }
  }
  if (type.kind === 'NULL') {
    throw new Problem('Invalid Case expression. All case branches have NULL type', 'type', 'invalid-case', e.span);
  }
  return {
    kind: 'case',
    type,
    branches: branches.map((branch) => ({ when: branch.when, then: castTo(branch.then, type, 'implicit') })),
    otherwise: otherwise && castTo(otherwise, type, 'implicit'),
  };
}

function bindWhen(binder: Binder, operand: Expression | null, when: Expression): BoundExpression {
  if (operand !== null) return binder.comparison('=', operand, when, when.span);
  const bound = binder.bind(when);
  if (bound.type.kind === 'BOOLEAN') return bound;
  throw new Problem(
    `WHEN operand type should be boolean.\nType for '${binder.text(when)}' is ${formatType(bound.type)}`,
    'type',
    'not-boolean',
    when.span,
  );
}

function branchProblem(rule: string, first: string, second: string, span: SourceSpan): Problem {
  return new Problem(
    `Invalid Case expression. ${rule}\n${first}\n${second}`,
    'type',
    'invalid-case',
    span,
    'CAST the branches to one type.',
  );
}
