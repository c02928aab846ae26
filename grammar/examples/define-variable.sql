DEFINE site = 'a';
DEFINE quoted = '''a''';
