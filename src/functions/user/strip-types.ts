import * as nodeModule from 'node:module';
import { join } from 'node:path';

/** Turns TypeScript into JavaScript. @throws Error that says where the text is wrong */
export type TypeStripper = (source: string, file: string) => string;

interface Esbuild {
  transformSync(source: string, options: object): { readonly code: string };
}

interface TypeScript {
  transpileModule(
    source: string,
    options: object,
  ): {
    readonly outputText: string;
    readonly diagnostics?: readonly {
      readonly start?: number;
      readonly messageText: string | { messageText: string };
    }[];
  };
}

/** `stripTypeScriptTypes` of Node, which version 20 does not have. */
export type NodeStripper = (source: string) => string;

/**
 * Finds what makes JavaScript of TypeScript: a package that the folder has installed (esbuild, or a typescript with `transpileModule`), else
 * Node itself, which knows types that can be blanked out and nothing more (no enums, no parameter properties).
 * @returns null when there is nothing of the kind
 */
export function findTypeStripper(
  folder: string,
  ofNode: NodeStripper | undefined = (nodeModule as { stripTypeScriptTypes?: NodeStripper }).stripTypeScriptTypes,
): TypeStripper | null {
  const require = nodeModule.createRequire(join(folder, 'index.js'));
  const installed = <T>(name: string): T | null => {
    try {
      return require(name) as T;
    } catch {
      return null;
    }
  };
  const esbuild = installed<Partial<Esbuild>>('esbuild');
  if (typeof esbuild?.transformSync === 'function') return withEsbuild(esbuild as Esbuild);
  const typescript = installed<Partial<TypeScript>>('typescript');
  if (typeof typescript?.transpileModule === 'function') return withTypeScript(typescript as TypeScript);
  return ofNode === undefined ? null : (source) => ofNode(source);
}

function withEsbuild(esbuild: Esbuild): TypeStripper {
  return (source, file) => {
    const options = { loader: 'ts', format: 'esm', target: 'node20', sourcefile: file, logLevel: 'silent' };
    return esbuild.transformSync(source, options).code;
  };
}

function withTypeScript(typescript: TypeScript): TypeStripper {
  return (source, file) => {
    const compilerOptions = { target: 'ES2022', module: 'ESNext', isolatedModules: true };
    const { outputText, diagnostics } = typescript.transpileModule(source, {
      fileName: file,
      compilerOptions,
      reportDiagnostics: true,
    });
    const first = diagnostics?.[0];
    if (first === undefined) return outputText;
    const line = source.slice(0, first.start ?? 0).split('\n').length;
    const { messageText } = first;
    throw new Error(`line ${line}: ${typeof messageText === 'string' ? messageText : messageText.messageText}`);
  };
}
