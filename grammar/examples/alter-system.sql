ALTER SYSTEM 'num.stream.threads' = '4';
