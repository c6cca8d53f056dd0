import type { LanguagePack } from "./languagePack.ts";

const words = (text: string) => text.trim().split(/\s+/);
const alternatives = (text: string) =>
  text
    .trim()
    .split(/\s*\|\s*/)
    .join("|");

/** What people in meetings take on. Verbs of a moment ("see", "think", "be") are left out on purpose. */
const verb = alternatives(`
  add | analy[sz]e | announce | apply | arrange | ask | assign | back up | book | bring | build | buy | call | cancel | change |
  check | circulate | clarify | clean up | close | collect | compare | complete | configure | confirm | contact | convert |
  coordinate | copy | create | debug | define | delete | deliver | deploy | describe | design | document | draft | e-?mail |
  estimate | evaluate | extend | file | fill in | finali[sz]e | find | finish | fix | follow up | forward | gather | get back |
  hand over | hire | implement | improve | inform | install | integrate | introduce | investigate | invite | invoice | list |
  look at | look into | look up | mail | make sure | measure | merge | migrate | monitor | move | negotiate | notify | order |
  organi[sz]e | patch | pay | phone | pick up | ping | plan | post | prepare | present | print | propose | publish | pull together |
  put together | reach out | read | rebuild | record | reduce | refactor | register | release | remind | remove | rename | renew |
  repair | replace | report | reproduce | request | research | reserve | resolve | restart | revert | review | revise | rewrite |
  roll back | roll out | run | save | schedule | send | set up | share | ship | sign | solve | sort out | speak to | speak with |
  split | start | submit | summari[sz]e | sync | take care | take over | talk to | talk with | tell | test | train | transfer |
  translate | try | update | upgrade | upload | verify | visit | work on | write`);

/** Stands between what leads to a task and its verb. */
const between = `(?:(?:also|just|then|now|please|quickly|definitely|probably|certainly|still|all|both|first|kindly|really|try to|try and|go ahead and|go and|have to|need to|make time to|maybe)\\s+){0,3}`;
const leading = (what: string, flags = "i") =>
  new RegExp(`${what}\\s+${between}(?=(?:${verb})(?![\\w-]))`, flags);

const weekday = "(?:mon|tues|wednes|thurs|fri|satur|sun)day";
const month =
  "(?:january|february|march|april|may|june|july|august|september|october|november|december)";
const day = "\\d{1,2}(?:st|nd|rd|th)?";
const date = `(?:${month} ${day}|(?:the )?${day}(?: of)? ${month}|the \\d{1,2}(?:st|nd|rd|th)|\\d{4}-\\d\\d-\\d\\d)`;
const period = "(?:day|week|month|quarter|year|sprint)";
const moment = `(?:(?:next|this|the coming) )?(?:${weekday}(?: (?:morning|afternoon|evening|night))?)|tomorrow(?: (?:morning|afternoon|evening|night))?|today|tonight|noon|midnight|(?:the )?end of (?:the |this |next )?(?:${period}|${month})|(?:next|this) (?:${period}|morning|afternoon|evening)|${date}`;

/** English, as it is spoken in meetings: the one table of its patterns. */
export const english: LanguagePack = {
  stopWords: new Set(
    words(`a able about actually after again all almost already also although always am an and any anybody anyone anything are
      around as at away back basically be because been before being better between big both but by bye can cannot come could
      did do does doing don done down each either else end enough even ever every everybody everyone everything far few fine
      first for from get gets getting give go goes going gone gonna good got great guess guys had happen has have having he
      hello hear her here hey hi him his how i if in into is it its just keep kind know last lately less let like little ll
      long look lot lots made make makes many may maybe me mean might mine minute moment more most much must my need needs
      never new next nice no nobody none nor not nothing now of off oh ok okay old on once one only or other others our ours
      out over own part people perhaps please point pretty probably put quite rather re real really right said same say says
      see seem seems she should since so some somebody someone something sometimes soon sorry sort still stuff such sure take
      tell than thank thanks that the their them then there these they thing things think this those though thought three
      through time to today together tomorrow too two uh um under until up us use used ve very want wants was way we well went
      were what whatever when where whether which while who whole whom whose why will with within without won would yeah year
      yep yes yesterday yet you your yours morning afternoon evening everybody`),
  ),
  stem: (word) => {
    const bare = word.replace(/'s$|'$/, "");
    const cut = bare.length > 5 ? bare.replace(/(?:ing|ies|ed|es)$/, "") : bare;
    return (cut.length > 3 ? cut.replace(/(?:s|e|y)$/, "") : cut).replace(
      /([b-df-hj-np-tv-z])\1$/,
      "$1",
    );
  },
  abbreviations: new Set(words("mr mrs ms dr prof st no vs e.g i.e etc approx inc ltd")),
  clauseBreak:
    /(?:[,;]\s*|\s+)(?:(?:and|but|so|then|while|because)\s+){1,2}(?=(?:I|I'll|I'm|we|we'll|you|he|she|they|somebody|someone|can you|could you|[A-Z][\p{L}'-]+ (?:will|should|must|needs|has|is going))(?![\p{L}'-]))/gu,
  promise: leading(
    "(?<![\\w'])(?:I'll|I(?: will| can| shall|'m going to| am going to|'m gonna)|let me)(?: be sure to)?",
  ),
  request: leading(
    "(?<![\\w'])(?:(?:can|could|would|will) you(?: guys)?|you (?:should|must|need to|have to|will|'ll)|I(?: need|'d like| would like| want) you to|would you mind to)",
  ),
  plea: new RegExp(`^\\s*please\\s+${between}(?=(?:${verb})(?![\\w-]))`, "i"),
  assignment: leading("^\\s+(?:will|should|must|shall|is going to|needs to|has to)"),
  opening:
    /^(?:(?:and|so|ok|okay|well|then|now|hey|thanks|great|good|right|alright)[,.!]?\s+){0,2}$/i,
  open: leading(
    "(?<![\\w'])(?:(?:we|somebody|someone|one of us) (?:(?:really |also |still )?(?:need|needs|have|has) to|should|must|ought to)|who (?:can|could|will|would|wants to|is going to)|let's)",
  ),
  agreement:
    /^(?:(?:yes|yeah|yep|sure|ok|okay|certainly|absolutely|definitely|of course|no problem|will do|with pleasure|gladly|happy to|on it|got it|consider it done|alright|i will|i'll do|i can do|i'll take|i can take)(?![\w-]))/i,
  undertaking: /^(?:i will|i'll|i can|will do)(?![\w-])/i,
  refusal:
    /^(?:no|nope|sorry|unfortunately|not)(?![\w-])(?! problem)|(?<!\w)(?:can't|cannot|can not|won't|will not|not able|don't have|don't want|do not|doesn't|rather not|no time)(?!\w)/i,
  unreal:
    /(?<!\w)(?:if|unless|suppose|supposing|assuming|otherwise|would have|could have|should have|might have|would've|could've|should've|wish|already|used to|was going to|were going to)(?!\w)/i,
  politeness:
    /,?\s*(?<!\w)if (?:(?:that|it)(?: i|')s (?:ok|okay|fine|all right|alright)(?: (?:with|for) \w+)?|possible|you (?:like|want|please|can|could|do not mind|don't mind|have (?:a (?:moment|minute|second)|time)))(?!\w)/gi,
  reported:
    /(?<!\w)(?:said|says|saying|told|thought|heard|claimed|claims|asked|wrote|remember|not sure|don't know|don't think|do not think|doubt|whether|wonder|wondering|how|why|which|never)(?!\w)/i,
  passing:
    /^(?:(?:share|start sharing|stop sharing) (?:my|the|your|a) screen|(?:start|record|close|finish|run through) (?:the|this|our) (?:meeting|call|recording)|record(?: this)?$|start (?:with|by|off)|tell you|call on|ask you|read (?:it|that|this) out|try (?:it )?again|run(?:$| now)|finish (?:here|my|this) |move on|see)(?![\w-])/i,
  filler: /[\s,]+please(?!\w)/gi,
  tail: /\s*(?:[,;]\s*(?:right|okay|ok|please|then|you know|i guess|i think|so|because|since|which|as)(?!\w)|(?<!\w)(?:because|so that|otherwise|i guess|i think|since)(?!\w)|;| - ).*$/i,
  dueWithin: new RegExp(
    `,?\\s*(?<!\\w)((?:by|before|until|till|no later than|not later than)\\s+(?:${moment}))(?!\\w)`,
    "i",
  ),
  dueAtEnd: new RegExp(
    `(?<!(?<!\\w)(?:for|from|of|since|about|to|than|and|the|in))(?:,\\s*|\\s+)((?:on\\s+)?(?:${moment}))[\\s.!?]*$`,
    "i",
  ),
  decision:
    /(?<!\w)(?:we(?: have|'ve)?(?: now| all)? (?:decided|agreed|settled)(?= (?:to|on|that|not|against|for|we|it)(?!\w))|we(?: will|'ll| are going to|'re going to) go (?:with|for|ahead)|let's go (?:with|for|ahead)|(?:the|our) decision is|it(?:'s| is) (?:decided|agreed|settled)|that(?:'s| is) (?:decided|agreed|settled)|so it's settled|we are all agreed)(?!\w)/i,
  undecided:
    /(?<!\w)(?:not|never|haven't|hasn't|didn't|don't|nothing|if|unless|whether|until|before|once|when|should|could|would|might|maybe|yet|who|what)(?!\w)/i,
  noteTask: /^(?:action(?: item)?s?|to-?do)\s*[:-]\s*/i,
};
