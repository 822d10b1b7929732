import type { Kind } from './text.ts';

/**
 * A construction to avoid. Patterns are in compromise's match syntax
 * (https://observablehq.com/@spencermountain/compromise-match-syntax). `^` and `$` match the ends of a clause. Clauses end
 * at a full stop, a colon, a semicolon or a dash.
 */
export interface Rule {
  readonly id: string;
  /** What to write instead. */
  readonly message: string;
  readonly match: readonly string[];
  /** Patterns of exceptions: a match that overlaps one is accepted. */
  readonly unless?: readonly string[];
  /** Restricts the rule to the first clause of texts of these kinds. */
  readonly opens?: readonly Kind[];
  /** Accepts the construction in questions. */
  readonly isAllowedInQuestions?: boolean;
  /** Accepts the construction in headings: "What changes". */
  readonly isAllowedInHeadings?: boolean;
}

export const limits = { wordsInSentence: 25, charactersInLine: 120, pronounsInSentence: 2 } as const;

/** Words to avoid, and their replacements. Keys are patterns: `{mend}` matches each form of the verb. */
export const words: Readonly<Record<string, string>> = {
  '{mend}': 'fix, repair',
  'anew|afresh': 'again, or leave it out',
  'of (now|before|then|today)': 'current, previous, or leave it out',
  'of a moment ago': 'previous',
  'whoever|whomever|whosoever|whom': 'name the noun: the user, the container',
  'whatever|wherever': 'any, every, or the noun',
  'thereby|wherein|therein|thereof|thereto|whereby|whereof|hereby|herein|hence|thence|whence|therewith|hitherto': 'so, in it, from it',
  'henceforth|heretofore|hereafter|thereafter|lest|ere|whilst|amongst|albeit|notwithstanding|nay|aught|naught|withal|forthwith|oft':
    'a plain connector: while, among, although, on',
  'missed by': 'not needed by',
  'made to bear': 'tolerates',
  '{endure}|{believe}|{foretell}|{heed}|{befall}|{betray}|{bestow}|{forsake}': 'a plain verb: keep, accept, predict, read',
  'those ones|these ones': 'the noun',
  '(and|or) the like': 'name them',
  'foreign (text|world|json|word)': 'untrusted text',
  "one's|ones'": 'the noun',
  'for (want|lack) of': 'without, because there is no',
  'for good': 'permanently',
  'as good as': 'almost',
  'all but|nothing but|(all|none|nothing|empty|same|nobody|everything) but for|save for|if not for': 'only, except, without',
  'by (itself|themselves)': 'automatically, alone',
  'by heart|in vain|of old|of late|for ever': 'a plain word',
  '(a|no) say': 'has no effect on',
  'by way of|by dint of|by virtue of|on account of|in view of|in the face of': 'through, because of',
  'all the same': 'still, anyway',
  likewise: 'also',
  'for so long': 'for … seconds, or the noun',
  nowhere: 'not … in any place',
};

export const rules: readonly Rule[] = [
  {
    id: 'one-that',
    message: 'name the noun instead of "one"',
    match: [
      '(one|ones) (that|which|who|whose|without|before|behind)',
      'that one',
      '^the same (with|while|as|when|where|in|for|without|of)',
      '(those|these) (that|which|who|whose|without|behind)',
      'all (that|which|who|whose)',
      '(the|these|those|each|every|another|other) (one|ones)',
    ],
    unless: ['a #Noun .* for one that', 'one of', 'one such', '(the|that) one #Noun', '(at|in|on) the one', 'those (who|with)'],
  },
  {
    id: 'what-clause',
    message: 'name the noun instead of "what"',
    match: [
      '^(and|but|or|so|not|only)? what',
      '@hasComma what',
      '(is|are|was|were|be|and|or|than|as) what',
      'what (is|are|was|were|has|have|had)',
      '(and|of|by|about) (how|where|when|why) (it|they|he) (is|are|was|were|has|have)',
    ],
    unless: ['never what is', 'what if', 'what #Adverb? to #Verb', 'what kind'],
    isAllowedInQuestions: true,
    isAllowedInHeadings: true,
  },
  {
    id: 'who-clause',
    message: 'name the noun instead of "who"',
    match: [
      '^(and|but|or|so|not)? (who|whose)',
      '@hasComma who',
      '(#Preposition|#Verb|#Copula|and|or|than|as|to|of|by|that) (who|whose)',
      '(log|logs|show|shows|ask|asks|report|reports|name|names|list|lists|count|counts|answer|answers) who',
    ],
    unless: [
      '(people|user|users|operator|operators|person|someone|anyone|those|everyone|reader|readers|visitor|visitors|contributor|contributors) who',
    ],
    isAllowedInQuestions: true,
    isAllowedInHeadings: true,
  },
  {
    id: 'nobody',
    message: 'name the noun, such as "no replica" or "no client"',
    match: [
      '(nobody|everybody|anybody|somebody|noone)',
      '(no|every) one (is|are|has|can)',
      '^nothing (#Adverb|else)? (#Verb|#Modal|#Copula)',
      '@hasComma nothing',
      '(by|of|to|for|on|with|from) nothing',
      'nothing else (is|was|has|can|may|#Verb)',
    ],
    unless: ['nothing to', 'next to nothing'],
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
      'tell (what|who|which|how|whether|apart|from)',
      'telling',
      '(is|are|was|were|be|been) #Adverb? said',
    ],
    unless: ['tell (you|me|us|them)', '(tell|tells|telling) #Determiner? #Noun+ to #Infinitive'],
  },
  {
    id: 'verb-of',
    message: 'use "about", or another verb',
    match: [
      '(say|says|said|tell|tells|told|know|knows|knew|known|hear|hears|heard|speak|speaks|spoken|think|thinks|read|reads) #Adverb? (something|nothing|it|much)? of',
      '{be} #Adverb? taken for',
      '{take} (it|them|this|that) for',
    ],
  },
  {
    id: 'double-negation',
    message: 'say it positively, or in two sentences',
    match: [
      'nor',
      'neither',
      'not (a|an|the|by|in|of|from|with|for|as|its|their|what|who|#Noun) !@hasComma{0,4} but',
      '(never|nobody|nothing) !@hasComma{0,5} without',
      'no #Noun !@hasComma{0,4} without',
      '(no|not|never|none) (nothing|nobody|none|never)',
      '^nothing (un.+|not|never) #Verb?',
    ],
    unless: ['not only', 'may not'],
  },
  {
    id: 'inverted',
    message: 'put the subject first',
    match: [
      '^of (these|those|several|two|three|them|all|the|each|many|it|that|a|an|#Value)',
      '^(never|nowhere|rarely|seldom|hardly|scarcely|neither|nor|so|such|thus|thereby) (is|are|was|were|does|do|did|can|could|may|will|would|has|have|had) #Determiner? (#Noun|#Pronoun)',
      '^only (then|when|after|if|where|once|by|in|at|from) .*? (is|are|does|do|did|can|will|has|have) (the|a|an|it|they|#Noun)',
      '^only then',
      '^not (the|a|an|until|only|by|in|for)',
      '^(in|behind|among|below|above|beside|before|after|with|under|on) (it|them|this|that) (is|are|was|were|has|have|stands|stand|goes|comes|lies|follows)',
      '^(gone|missing|new) (is|are) #Determiner? #Noun',
      '^(here|there) (go|goes|come|comes|stand|stands|lie|lies)',
      '^(with|without) (nobody|nothing|none|neither|no one)',
      '^so (it|that|this|they) (is|are|was) with',
      '^so (much|many|long) (is|are|as|#Noun)',
      '@hasComma (should|were|had) (it|there|they|the|a)',
      '^(should|had|were) (there|it|they)',
      'all is',
      '^all #Noun (that|which)',
      '^(that|this) (holds|goes|is|was|costs) (also|too|even|so|what|for|how)',
    ],
    isAllowedInQuestions: true,
  },
  {
    id: 'is-to-be',
    message: 'use must, should, or the present tense',
    match: [
      '(is|are|was|were) (not|never|only|also|all|then|still)? to be',
      '(that|who|which|it|they|what|where|this|one|these|those) (is|are|was|were) (not|never|only|also|all|then|still)? to #Infinitive',
      '{be} made to #Infinitive',
      '(is|are|was|were) there to',
    ],
    unless: ['#Gerund (is|are|was|were) to', '(attempt|effort|attempts) .{0,3} made to'],
  },
  {
    id: 'as-it-is',
    message: 'unchanged, the state, the current …',
    match: [
      '(as|how|where|what|that|which) (it|they|he|she|things) (is|are|was|were|does|do|did|has|had|stands|stand)$',
      '(as|how) (it|they|things) (is|are|was|were|stands|stand) @hasComma',
      '^as (it|they|he|we|nobody|the #Noun+|#Noun+) #Adverb? (#Verb|#Modal|#Copula)',
      'such as (it|they) (is|are)',
      '^as (in|for|of|on|with) (it|them|that|those)',
    ],
    unless: ['^as .{0,14} @hasComma'],
  },
  {
    id: 'none',
    message: 'name the noun: "no container"',
    match: [
      '{have} none$',
      '{have} (none && @hasComma)',
      '(is|are|be|was|were|get|gets|got|give|gives|as|one|of) none',
      '^none (is|are|was|has|can)',
      'none$',
    ],
    unless: ['none of', '(else|or|to|default) none'],
  },
  {
    id: 'no-more',
    message: 'no longer, removed',
    match: ['no more$', 'no more @hasComma', 'any more', '(a|no) #Noun no more', 'nothing more'],
    unless: ['any more #Noun', 'no more than', 'no more #Noun'],
  },
  {
    id: 'gone',
    message: 'removed, stopped, missing, added',
    match: [
      '(is|are|was|were|be|been|being|once|when|not|no|long) (already|not|now|just|long)? gone',
      '(has|have|had|having|never|just|newly) (just|not|already|ever|never)? (come|came)',
      '(come|comes) and (go|goes)',
      '{go} away',
      '(container|replica|file|backend|one|it|that|which|who) (goes|comes)$',
      '(once|until|before|while|when) #Determiner? #Adjective? #Noun (comes|goes|came|went)$',
    ],
  },
  {
    id: 'pronoun-first',
    message: 'begin with the noun',
    match: [
      '^(it|its|they|their|them|he|his)',
      '^(that|those|both|all|each|another|others) (is|are|was|were|has|have|that|which|of|but)',
      '^/[a-z]s$/ (it|them|those)',
      '^one #Adverb? (#Modal|#Copula|has|had|gets|takes|goes|comes|stays)',
      '^is that',
      '^(a|an|the|another|each|every|any) #Adjective? (one|ones)',
    ],
    unless: ['#Determiner one off'],
    opens: ['comment', 'markdown', 'test name'],
    isAllowedInQuestions: true,
  },
  {
    id: 'connector-first',
    message: 'say the whole sentence',
    match: ['^(and|but|or|nor|as|so)'],
    unless: ['^so that'],
    opens: ['test name'],
  },
  {
    id: 'there',
    message: 'exists, runs, is present',
    match: [
      '(is|are|was|were|be|been|being) (already|not|no longer|still|really|all|always)? (there|here)$',
      '(is|are|was|were|be|been) (already|not|no longer|still)? there (@hasComma|already|twice|by|before|and|is|are|as|when|at)',
      'no longer there',
      "(isn't|aren't|wasn't|weren't) (there|here)",
      'that (is|are|was|were) (not|already)? there',
      '(nobody|nothing|none|who|what|it|that|they) (is|are|was|were) (not|already|still)? there',
    ],
  },
  {
    id: 'is-no',
    message: "isn't a …",
    match: ['!there (is|are|was|were) no #Adjective{0,2} (#Noun|#Gerund)', '^(is|are|was|were) no #Noun'],
    unless: ['no (longer|more|fewer|less|larger|later|problem|need|op|ops)', 'there (is|are|was|were) no'],
  },
  {
    id: 'be-what',
    message: 'say it directly',
    match: [
      '(it|that|this) (is|was) (not|only)? (what|who|how|where|when)',
      'that (is|was) why',
      'it (is|was) (the|a|an|its|their) .{1,3} (that|who|which)',
    ],
    isAllowedInQuestions: true,
  },
  {
    id: 'where-if',
    message: 'use "if"',
    match: [
      '^where (there|it|they|nobody|nothing|none|a|an|the|no|both|one|its|their|that)',
      'where (nobody|nothing|none)',
      '(when|while|if) (nobody|none)',
      '(where|if) there (is|was|are) (none|nothing|nobody)',
      '@hasComma where (it|they|there|its|their|nobody|nothing)',
    ],
    unless: ['none of'],
    isAllowedInQuestions: true,
    isAllowedInHeadings: true,
  },
  {
    id: 'ending',
    message: 'end the clause with the noun',
    match: [
      '(is|are|was|were|be) (besides|beside|meant|otherwise|so|such|other|else|enough for it)$',
      'beside (it|them|this)',
      'besides$',
      'no (other|others)$',
      '(aside|all the same|just so)$',
      'of (it|them)$',
      '^by (it|them) #Verb',
    ],
    unless: ['(all|one|each|both|half|some|many|most|any|none|two|three|part|rest|inside|out) of (it|them)', '#Value of them'],
  },
];
