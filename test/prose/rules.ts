/**
 * A construction that the voice of this project avoids. `match` is in compromise's match syntax
 * (https://observablehq.com/@spencermountain/compromise-match-syntax). A clause begins at a sentence, a colon, a
 * semicolon, a dash or a bracket: `^` and `$` hold there.
 */
export interface Rule {
  readonly id: string;
  /** What to write instead. */
  readonly message: string;
  readonly match: readonly string[];
  /** A finding inside one of these is none. */
  readonly unless?: readonly string[];
  /** Holds for the first clause of a text alone. */
  readonly isForOpening?: boolean;
  /** A question may have it. */
  readonly isAllowedInQuestions?: boolean;
}

export const limits = { wordsInSentence: 25, charactersInLine: 120, pronounsInSentence: 3 } as const;

/** Words and the better ones. A key is in match syntax: `{mend}` is each form of the verb. */
export const words: Readonly<Record<string, string>> = {
  '{mend}': 'fix, repair',
  'anew|afresh': 'again, or leave it out',
  'of (now|before|then|today)': 'current, previous, or leave it out',
  'of a moment ago': 'previous',
  'whoever|whomever|whosoever|whom': 'name the noun: the user, the container',
  'whatever|whichever|however|wherever @hasComma?': 'any, every, or the noun',
  'thereby|wherein|therein|thereof|thereto|whereby|whereof|hereby|herein|hence|thence|whence|therewith|hitherto': 'so, in it, from it',
  'henceforth|heretofore|hereafter|thereafter|lest|ere|whilst|amongst|albeit|notwithstanding|nay|aught|naught|withal|forthwith|oft|upon':
    'a plain connector: while, among, although, on',
  'missed by': 'not needed by',
  'made to bear': 'tolerates',
  '{endure}|{believe}|{foretell}|{heed}|{befall}|{betray}|{bestow}|{forsake}': 'a plain verb: keep, accept, predict, read',
  'that one|this one|those ones|these ones': 'the noun',
  '(and|or) the like': 'name them',
  'foreign (text|world|json|word)': 'untrusted text',
  "one's|ones'": 'the noun',
  'of (its|their|ones|your|our|my) own': 'its own …, or separate',
  'for (want|lack) of': 'without, because there is no',
  'for good': 'permanently',
  'as good as': 'almost',
  'all (that|but)|anything but|nothing but|but for|save for|if not for': 'only, except, without',
  'by (itself|themselves)': 'automatically, alone',
  'at rest|by heart|in turn|in vain|of old|of late|for ever': 'a plain word',
  '(a|no) say': 'has no effect on',
  'by way of|by dint of|by virtue of|on account of|in view of|in the face of': 'through, because of',
  'the very': 'leave it out',
};

export const rules: readonly Rule[] = [
  {
    id: 'one-that',
    message: 'name the noun instead of "one"',
    match: [
      '(one|ones) (that|which|who|whose|with|without|before|after|behind)',
      '^(and|but|or|so)? (one|ones) #Adverb? (#Verb|#Modal|#Copula)',
      '(an|a|the|no|another|each|every|any) #Adjective? (one|ones) (that|which|who|whose)',
      '(those|these) (that|which|who|whose|with|without|behind|before)',
      '(anything|everything|nothing|something|all) (that|which|who|whose)',
      '(a|the) #Adjective (one|ones)',
      '(the|these|those|each|every|another|other) (one|ones)',
    ],
    unless: ['one of', 'the one #Noun', '(at|in|on) the one'],
  },
  {
    id: 'what-clause',
    message: 'name the noun instead of "what"',
    match: [
      '^(and|but|or|so|not|only|@hasComma)? what',
      '@hasComma what',
      '(of|from|by|with|for|to|in|on|than|against|about|at|behind|like|as|beside|is|are|was|were|be|and|or) what',
      'what (is|are|was|were|has|have|had)',
      '(and|of|by|about) (how|where|when|why) (it|they|he) (is|are|was|were|has|have)',
    ],
    unless: ['what if', 'what #Adverb? to #Verb', 'what kind'],
    isAllowedInQuestions: true,
  },
  {
    id: 'who-clause',
    message: 'name the noun instead of "who"',
    match: [
      '^(and|but|or|so|not)? (who|whose)',
      '@hasComma who',
      '(#Preposition|#Verb|#Copula|and|or|than|as|to|of|by|that) (who|whom|whose)',
    ],
    unless: ['(people|user|users|operator|operators|person|somebody|someone|anyone|those|everyone|reader|readers|visitor|visitors) who'],
    isAllowedInQuestions: true,
  },
  {
    id: 'nobody',
    message: 'name the noun, such as "no replica" or "no client"',
    match: [
      '(nobody|everybody|anybody|somebody|noone)',
      '(no|every) one (is|are|has|can)',
      '^nothing !to',
      '@hasComma nothing',
      '(by|of|to|for|on|with|from) nothing',
      'nothing else',
    ],
  },
  {
    id: 'told',
    message: 'report, log, show, ask or signal',
    match: [
      'told',
      'tells',
      '(to|not|never|can|could|may|might|must|will|would|should|does|do) tell',
      'tell (of|nobody|it)',
      '(say|says|said) (so|otherwise|of|no)',
      '{tell} (what|who|which|how|whether|apart|from)',
    ],
    unless: ['tell (you|me|us|them)', 'tell #Noun+ to', 'tell #Determiner #Noun+ to'],
  },
  {
    id: 'verb-of',
    message: 'use "about", or another verb',
    match: [
      '({say}|{tell}|{know}|{hear}|{learn}|{speak}|{think}|{warn}|{read}) #Adverb? (something|nothing|it|much)? of',
      '{take} #Adverb? (it|them|#Noun)? for (a|an|the|#Adjective|#PastTense)',
    ],
  },
  {
    id: 'double-negation',
    message: 'say it positively, or in two sentences',
    match: [
      'nor',
      'neither',
      'not !@hasComma{1,4} but',
      '(never|not|no|nobody|nothing) !@hasComma{0,5} (without|unless|until)',
      '(no|not|never|none) .? (un.+less|nothing|nobody|none|never)',
    ],
    unless: ['not only', 'may not', 'not only .? but'],
  },
  {
    id: 'inverted',
    message: 'put the subject first',
    match: [
      '^of (these|those|several|two|three|them|all|the|each|many|it|that|a|an|#Value)',
      '^(never|nowhere|rarely|seldom|hardly|scarcely|neither|nor|so|such|thus|thereby|only then) (is|are|was|were|does|do|did|can|could|may|will|would|has|have|had) #Determiner? (#Noun|#Pronoun)',
      '^only (then|when|after|if|where|once|by|in|at|from) .*? (is|are|does|do|did|can|will|has|have) (the|a|an|it|they|#Noun)',
      '^only then',
      '^not (the|a|an|until|only|by|in|for|every|all|#Noun|#Adverb)',
      '^(in|behind|among|below|above|beside|before|after|with|under|on) (it|them|this|that) (is|are|was|were|has|have|stands|stand|goes|comes|lies|follows)',
      '^(gone|missing|new|here|there) (is|are|go|goes|come|comes|stand|stands|lie|lies) #Determiner? #Noun',
      '^(with|without) (nobody|nothing|none|neither|no one|it|them)',
      '^so (it|that|this|they) (is|are|was) with',
      '^all #Noun (that|which)',
      '^first (the|a|an|#Noun)',
      '^(that|this) (holds|goes|is|was|costs) (also|too|even|only|so|what|for|how)',
    ],
  },
  {
    id: 'is-to-be',
    message: 'use must, should, or the present tense',
    match: [
      '(is|are|was|were) (not|never|only|also|all|then|still)? to (be|have|#Infinitive)',
      '{make} to #Infinitive',
      '(is|are|was|were) there to',
    ],
    unless: [
      '(goal|aim|idea|purpose|way|plan|point|rule|default|choice|best|recommended|#Gerund) (is|are|was|were) to',
      '(is|are) #Adjective to',
    ],
  },
  {
    id: 'as-it-is',
    message: 'unchanged, the state, the current …',
    match: [
      '(as|how|where|what|that|which) (it|they|he|she|things) (is|are|was|were|does|do|did|has|had|stands|stand)$',
      '(as|how) (it|they|things) (is|are|was|were|stands|stand) @hasComma?$',
      '^as (it|they|he|we|nobody|the #Noun+|#Noun+) #Adverb? (#Verb|#Modal|#Copula)',
      'such as (it|they) (is|are)',
      '^as (in|for|of|on|with) (it|them|that|those)',
    ],
  },
  {
    id: 'none',
    message: 'name the noun: "no container"',
    match: [
      '{have} none',
      '(is|are|be|was|were|get|gets|got|give|gives|as|with|for|about|of|if|one|but|or|and) none',
      '^none (is|are|was|has|can|of)',
      'none$',
    ],
    unless: ['none of'],
  },
  {
    id: 'no-more',
    message: 'no longer, removed',
    match: ['no more$', 'no more @hasComma', '(not|never|no|nobody) .{0,6} any more', 'any more', '(a|no) #Noun no more', 'nothing more'],
    unless: ['any more #Noun', 'no more than', 'no more #Noun'],
  },
  {
    id: 'gone',
    message: 'removed, stopped, missing, added',
    match: [
      '(is|are|was|were|be|been|has|have|had|being|once|when|not|no|long) (already|not|now|just|long)? gone',
      '(has|have|had|having|never|just|newly) (just|not|already|ever|never)? (come|came)',
      '(come|comes) and (go|goes)',
      '{go} away',
      '(container|replica|file|backend|one|it|that|which|who) (goes|comes)$',
      '(once|until|before|while|when) #Determiner? #Adjective? #Noun (comes|goes|came|went)',
    ],
  },
  {
    id: 'pronoun-first',
    message: 'begin with the noun',
    match: [
      '^(it|its|they|their|them|these|those|this|that|he|his|she|her|hers|both|all|each|another|others|other) !#Noun{0,1} #Verb',
      '^(it|its|they|their|them|he|his)',
      '^(that|this|these|those|both|all|each|another|others) (is|are|was|were|has|have|that|which|of|but|#Verb)',
      '^(is|are|was|were|has|have|had|does|do|did) (#Adverb|#Verb|#Adjective|#Preposition|#Determiner|known|that|where)',
      '^(of|in|by|for) (it|its|their|them|that|a|the|what|who)',
      '^(and|but|or|nor) ',
    ],
    isForOpening: true,
    isAllowedInQuestions: true,
  },
  {
    id: 'there',
    message: 'exists, runs, is present',
    match: [
      '(is|are|was|were|be|been|being) (already|not|no longer|still|really|all|always)? (there|here)$',
      '(is|are|was|were|be|been) (already|not|no longer|still)? there (@hasComma|already|twice|by|before|and|is|are|as|when|at)',
      'no longer there',
      'that (is|are|was|were) (not|already)? there',
      '(nobody|nothing|none|who|what|it|that|they) (is|are|was|were) (not|already|still)? there',
    ],
  },
  {
    id: 'is-no',
    message: "isn't a …",
    match: ['!there (is|are|was|were) no #Adjective{0,2} (#Noun|#Gerund)', '^(is|are|was|were) no #Noun'],
    unless: ['no (longer|more|fewer|less|larger|later|problem|need)', 'there (is|are|was|were) no'],
  },
  {
    id: 'be-what',
    message: 'say it directly',
    match: [
      '(it|that|this) (is|was) (not|only)? (what|why|who|how|where|when)',
      '(it|that) (is|was) (the|a|an|its|their) .{1,3} (that|who|which)',
    ],
  },
  {
    id: 'where-if',
    message: 'use "if"',
    match: [
      '^where (there|it|they|nobody|nothing|none|a|an|the|no|both|one|its|their|that|#Noun)',
      '(where|when|while|if) (nobody|nothing|none|there is none|there is nothing|there was none)',
      '@hasComma where (it|they|there|its|their|nobody|a|no)',
    ],
    isAllowedInQuestions: true,
  },
  {
    id: 'ending',
    message: 'end the clause with the noun',
    match: [
      '(is|are|was|were|be) (besides|beside|meant|otherwise|so|such|other|else|enough for it)$',
      'beside (it|them|this)',
      'besides$',
      '(of|for|with|about|from) (it|them)$',
      '(somebody|something|anything|nothing|everything) (else|other)$',
      'by (it|them) #Verb',
    ],
  },
];
