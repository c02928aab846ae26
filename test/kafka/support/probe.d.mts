export function askBrokers(host: string, port: number, timeoutMs: number): Promise<readonly number[] | null>;
