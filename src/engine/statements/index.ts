import { StatementError } from '../../model/errors.js';
import type { Statement } from '../../parser/ast.js';
import { assertSchema } from './assert-schema.js';
import { assertTopic } from './assert-topic.js';
import { controlQuery } from './control.js';
import { runDefinition, runInsertValues, wrongEndpoint } from './definitions.js';
import { describeFunction, describeSource, describeSources, explain } from './describe.js';
import type { StatementHandlers } from './handler.js';
import {
  listFunctions,
  listProperties,
  listQueries,
  listSources,
  listTopics,
  listTypes,
  listVariables,
} from './lists.js';
import { defineVariable, setProperty, undefineVariable, unsetProperty } from './session-statements.js';

/** A statement of the language that this release does not run: refused by name. */
function refused(what: string, hint?: string): (statement: Statement) => never {
  return (statement) => {
    throw new StatementError(`${what} is not supported by this release.`, {
      code: 'unsupported-statement',
      span: statement.span,
      hint,
    });
  };
}

const testOnly = refused('This statement', 'It belongs to test files: millrace test -s FILE.sql.');
const connectors = refused('Kafka Connect', 'Use the REST API of Kafka Connect.');

/** What runs each kind of statement: complete, so that a new kind does not compile without its handler. */
export const STATEMENT_HANDLERS: StatementHandlers = {
  createSource: runDefinition,
  createAsSelect: runDefinition,
  insertInto: runDefinition,
  insertValues: runInsertValues,
  dropSource: runDefinition,
  alterSource: runDefinition,
  createType: runDefinition,
  dropType: runDefinition,
  select: (statement) => {
    throw wrongEndpoint(statement);
  },
  printTopic: (statement) => {
    throw wrongEndpoint(statement);
  },
  terminate: controlQuery,
  pause: controlQuery,
  resume: controlQuery,
  listSources,
  listTopics,
  listQueries,
  listFunctions: (_, context) => listFunctions(context),
  listTypes: (_, context) => listTypes(context),
  listProperties: (_, context) => listProperties(context),
  listVariables: (_, context) => listVariables(context),
  describeSource,
  describeSources,
  describeFunction,
  explain,
  setProperty: (statement, context) => setProperty(statement, context.session),
  unsetProperty: (statement, context) => unsetProperty(statement, context.session),
  defineVariable: (statement, context) => defineVariable(statement, context.session),
  undefineVariable,
  assertTopic,
  assertSchema,
  createConnector: connectors,
  dropConnector: connectors,
  listConnectors: connectors,
  listConnectorPlugins: connectors,
  describeConnector: connectors,
  alterSystem: refused('ALTER SYSTEM', 'Set the property in the configuration file and restart.'),
  runScript: refused('RUN SCRIPT on the server', 'Use it in the REPL, or start the server with --queries-file.'),
  assertValues: testOnly,
  assertTombstone: testOnly,
  assertSource: testOnly,
};
