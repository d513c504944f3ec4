"""Families of wording: every way the trade says a thing, sign by sign, beside the exact patterns of `cues`.

A line is one alternative, a regular expression in plain spelling between word ends; `¤` is anything named.
Families are written from what a sign means (all words for cold, for broken, for asking why), so that a
word nobody used yet is read like its neighbours.
"""

from __future__ import annotations

_TABLE = """
feel
(?:jacket|blanket|sweater|jumper|cardigan|coat|shawl|scarf|duvet|quilt|hoodie|fleece|glove)s?
(?:arctic|antarctica?|polar|igloo|siberia|tundra|north pole|freezer|ice ?box|meat locker|cold room|frosty|icy|nippy|brr+)
(?:frozen|numb|shiver\\w*|goose ?bumps|teeth chattering|catching (?:a )?cold|blue with cold)
(?:toasty|tropical|jungle|greenhouse|furnace|desert|hell|tandoor|steam(?:ing|y)?|scorching|blistering|sweltering|sultry|balmy|hot ?box)
(?:melting|perspir\\w*|sweaty|sweating|sweats?|soaked|drenched|cooking|frying|roast(?:ed|ing)?|baked|boiled|overheat\\w*|heat ?stroke)
(?:swamp|swampy|moist|soggy|clammy|damp(?:ness)?|mildew\\w*|mould\\w*|mold\\w*|fungus|dank|wet (?:walls?|carpets?|sheets?|floor|ceiling|patch)|fogg\\w+|steamed up|misty)
(?:stagnant|suffocat\\w*|stifl\\w*|airless|unventilated|fuggy|headaches?|drows\\w+|sleepy|dizzy|nausea\\w*|light-?headed|gasping|choking|faint(?:ed|ing)?)
(?:stinks?|stinky|stench|reeks?|reeking|whiff\\w*|fumes?|sewage|sewer|drain smell|cigarettes?|tobacco|smok(?:e|y|ing)|burning smell|bad air|pong)
(?:hum(?:s|ming)?|buzz\\w*|bang(?:s|ing)?|clank\\w*|clunk\\w*|squeal\\w*|squeak\\w*|whistl\\w*|whin(?:es?|ing)|grind\\w*|thump\\w*|knock(?:s|ing)|roar\\w*|rumbl\\w*|drone|droning|shak(?:es?|ing)|click\\w*|gurgl\\w*)
(?:drip(?:s|ping)?|leaky|condensation|(?:water|aircon|unit|grille|vent|ceiling|diffuser) (?:is )?leak\\w*|leak\\w* (?:from|through|onto) (?:the )?(?:aircon|ceiling|grille|vent|unit|diffuser|fcu))
(?:unbearable|intolerable|unacceptable|miserable|awful|horrible|terrible) ?(?:temp|heat|cold|inside|in there|conditions)?
(?:dying|drenched|uncomfy|un-?comfortable|not comfy|comfort (?:problem|issue|complaint))
(?:too|so|very|really|super|bloody|damn|quite|a bit|freaking|extremely|absolutely) (?:hot|warm|cold|cool|chilly|dry|humid|stuffy|noisy|loud|smelly|damp|sticky|draughty|drafty)
(?:no|poor|weak|barely any|hardly any|not much|not enough) (?:ventilation|fresh air|air ?(?:flow|movement|circulation)?|cooling|breeze|draught)(?= |\\W*$)
(?:aircon|cooling|thermostat|unit) (?:is |has )?(?:useless|dead|rubbish|weak|bad|broken|bust(?:ed)?|faulty|fail(?:ed|ing)?|gone|knackered|crap|not doing anything|does nothing|doing nothing|gave up|packed (?:in|up)|struggling)
(?:aircon|cooling) (?:does|do|will) not (?:work|cool|reach|respond|come)
not (?:happy|satisfied|pleased) with (?:the )?(?:temp|aircon|cooling|air|climate|comfort)
(?:cannot|could not|unable to|not able to|trouble) (?:sleep\\w*|breathe?\\w*|rest|concentrate|focus|stay in)
(?:fann(?:ed|ing) (?:themselves|herself|himself|with)|opened (?:the )?(?:window|door)s? (?:to|for|because))
blow(?:s|ing) (?:warm|hot|cold|lukewarm|no|straight|directly|right) ?(?:air|at|on|onto)?
(?:lukewarm|tepid) (?:air|breeze)
(?:temp|it|room|aircon) (?:will not|does not|not) (?:go|come|drop|get)\\w* ?(?:down|lower)

complain
(?:guests?|customers?|clients?|tenants?|visitors?|diners?|patrons?|vips?|lady|gentleman|couple|family|people|staff|waiters?|receptionist|bride|everyone|everybody|they) (?:is |are |was |were |keep |keeps |has |have |had |just )*(?:sa(?:y|ys|id|ying)|call(?:s|ed|ing)?|r[iu]ng|ring(?:s|ing)|phon\\w+|compl\\w+|moan\\w*|whing\\w*|grumbl\\w*|demand\\w*|ask(?:s|ed|ing)? (?:for|to)|want(?:s|ed)? (?:to )?(?:move|change|switch|refund|another|out|it)|need(?:s|ed)?|feel(?:s|ing)?|felt|angry|upset|annoyed|furious|unhappy|mad|cross|livid|not happy|threatening|leaving|wear(?:s|ing)?)
(?:whing\\w*|griping|gripes?|unhappy|dissatisf\\w*|fed up|kicking off|kicked off|not happy|gone mad|going mad|furious|livid)
(?:room (?:change|move)|wants? (?:a )?(?:refund|new room|another room|different room)|moved? (?:out|rooms))
(?:fd|front desk|reception|concierge|housekeeping|duty manager|gro|bell ?boy) (?:just )?(?:call(?:s|ed|ing)?|r[au]ng|phon\\w+|sa(?:ys|id)|report\\w*|flagg\\w*)

why
(?:what|wat) gives
what(?: is| was|s)? (?:driving|behind|making|made|pushing|pulling|keeping|causing|forcing|stopping|preventing|triggering|hurting|killing|dragging)
(?:idea|clue|guess|thoughts?|theory) (?:on |about )?(?:why|how come|what (?:is )?(?:caus|mak|driv)\\w+)
(?:explain|tell me|know|wonder|find out|work out|figure out|understand|see) why
how (?:can|could|is it|on earth|the hell|in the world|is) .{0,20}(?:possible|so (?:high|low|hot|cold|warm|bad|much|humid))
what (?:could|might|would|can|has|had|is|was) (?:be )?(?:cause|causing|caused|explain|make|making|lead|led)
(?:because|due to|on account) (?:of )?(?:what|which)
what (?:explains?|accounts? for|triggers?|triggered|led to|lies behind|is to blame|is responsible for|went on)
(?:who|what) is (?:to blame|the culprit|at fault)
for (?:what|which) reason

cause
(?:culprit|to blame|at the bottom of|bottom of (?:this|it|the)|origin|root|source of the (?:problem|trouble|issue)|underlying|explanation|reasoning|rationale|trigger)
(?:get|getting) to the bottom
(?:story|deal|score|matter|crack) (?:is )?with
(?:trace|track) (?:it |this |the )?(?:back|down|problem|cause)
(?:dig|look) into
(?:under-?perform\\w*|struggl\\w*|cannot keep up|not keeping up|keep(?:s)? tripping|losing (?:capacity|performance))

fault
(?:bust|busted|kaput|knackered|on the blink|out of order|out of service|crapped out|packed up|conked out|gave up|gone wrong|going wrong|went wrong|play(?:s|ing)? up|act(?:s|ing)? (?:up|weird|funny|strange)|misbehav\\w*|screwed|dodgy|mess(?:ed)? up|not happy|unwell|sick)
(?:in|on|has|having|with|got|gone into|active|current|open|live|standing|unacknowledged|unacked|new) (?:an? |any )?(?:alarm|alert|trip|fault|lockout|failure)s?
(?:alert|alerts|lockout|malfunction\\w*|irregular\\w*|exception|exceptions|deviation|deviations|hiccup|hiccups|glitch|glitches|bug|bugs)
(?:need|needs|needing|requires?|wants?) (?:attention|fix\\w*|looking at|a look|action|sorting|doing|repair\\w*|attending)
(?:what|anything) (?:is |to )?(?:burning|on fire|red|urgent|pressing|critical|nasty|serious|worrying)
(?:to-?do|punch|snag|defect|action|hit|watch|priority) list
(?:what|where) (?:should|do|must|shall) (?:i|we) (?:fix|look at|tackle|attack|start|sort|attend|deal with|go|focus)
(?:anything|something|nothing) (?:i should|we should|worth|to) (?:know|see|check|do|fix|worry|look|flag|watch)

quality
(?:trust\\w*|believ\\w+|credible|credib\\w+|legit\\w*|bogus|plausible|implausible|accura\\w+|inaccurate|reliab\\w+|unreliable|bullshit|nonsense|dubious|questionable|trustworthy)
(?:sensor|readings?|data|values?|numbers|probe|thermostat|transmitter|meter) .{0,25}(?:right(?! now)|correct|real|legit|sane|garbage|rubbish|fishy|fake|made up|crazy|jump\\w*|blank|flat|constant|hung|asleep|mad|drunk|lie|lies|lying)
(?:drop ?outs?|dropped out|data gaps?|gaps in|gap in|holes in|missing (?:data|samples|values|points|readings|trend|history|records)|blanks? in|no (?:update|updates|samples|telemetry|uplink|uplinks|heartbeat|comms|packets|logging|trend)|not (?:logged|logging|recorded|recording|polled|trending))
(?:lost|losing|dropped|dropping|intermittent) (?:signal|connection|contact|comms|communication|packets|data|link)
(?:reads?|reading|shows?|showing|stuck at|stays? at|says) (?:wrong|false|zero|constant|the same|nonsense|nan|null|blank|garbage|rubbish|too (?:high|low) compared)
(?:need|needs|due|out of|requires?) (?:re-?)?calibrat\\w*
(?:low|weak|flat|dying|dead|replace|change) batter(?:y|ies)|batter(?:y|ies) (?:is |are )?(?:low|weak|flat|dying|dead|empty)
(?:dead|silent|quiet|lost|missing|offline|unresponsive|mute|ghost|orphan\\w*) (?:points?|sensors?|devices?|nodes?|meters?|controllers?|things?|units?|channels?)
(?:gone|went|go|goes|going) (?:quiet|silent|dark|dead|offline|missing|stale|awol)
last (?:heard|heartbeat|uplink|packet|contact|seen|comms|update|reading)

override
(?:in|on|to|into|under|left in|still in|stuck in|running in) (?:hand|manual|local|man)(?! ?(?:over|book|say|page))
(?:hand|manual|local)[- ](?:operat\\w+|control\\w*|command\\w*|switch\\w*|set|start\\w*|run|held|mode)
(?:hand|manual|local|off) ?(?:/|or|-) ?auto(?:matic)?
(?:locked|latched|pinned|frozen|held|fixed|jammed|forced|clamped|nailed|parked|blocked) (?:on|off|open|closed|shut|at \\d+|by (?:an? |the )?(?:operator|user|someone|somebody|hand))
(?:someone|somebody|anyone|anybody|who) (?:has |is |was )?(?:forc\\w+|overrid\\w+|overrode|lock\\w*|held|holding|fiddl\\w+|touched|tampered|messed|pinned|commanded|took control|taken control|playing) ?(?:with)?
(?:not|no longer) (?:in|on|under|following|obeying) (?:auto(?:matic)?|schedule|program|sequence|logic|bms|ddc)
(?:bypassed|by-passed|jumpered|jumper|defeated|force list|forced points?|operator (?:lock|override|command|control|priority)s?|priority (?:array|slot|level|8|eight)|p8|slot \\d+)
(?:taken|took|take) (?:over )?(?:by hand|manually|out of auto(?:matic)?)

report
(?:sum|summ)(?: it| this| things| that| all)? up
(?:recap|brief|debrief|briefing|digest|wrap[- ]?up|write-?up|run ?down|sit ?rep|summar(?:y|ise|ize|ising|izing)|low-?down)(?: me| us)?(?: please)? (?:of|on|for|about|before|after|to|from)? ?(?:the |this |my |our |last )*(?:shift|night|day|week|month|morning|evening|handover|meeting|gm|boss|manager|owner|management|team|crew|director|client|engineering|engineer|chief|8am|turnover|weekend|today|yesterday|quarter|year)
(?:brief|debrief|update) (?:me|us|the (?:gm|boss|manager|owner|team|chief))(?! (?:on|about) ¤)
(?:shift|duty|night|day|morning|evening|daily|weekly|monthly|quarterly|annual|yearly|management|owner|executive|engineering|energy|plant|handover|turnover|operations|ops) (?:report|log|log ?sheet|sheet|notes?|summary|digest|brief(?:ing)?|recap|bulletin|statement|minutes|round-?up|wrap[- ]?up)
(?:for|to) (?:the |my |our )?(?:gm|boss|general manager|owner|management|director|chief engineer|board|head office|auditor|client)
(?:compile|put together|draw up|knock up|type up|write up|produce|assemble|print out|print|publish) (?:me |us )?(?:an? |the |some )?(?:report|summary|log|sheet|document|overview|notes?|brief|statement|pack)
(?:summar\\w*|recap|brief|digest|sum up|notes?|log|write ?up) .{0,25}\\b(?:hand ?-?over|turn ?over|shift change)
^(?:please |the |my |our |do |make |give me |need )*(?:hand ?-?over|turn ?over|shift change)(?: notes?| sheet| pack| summary| report| log| info| briefing)?(?: for| to| please| now| ready|\\W*$)
(?:as|in|to|into) (?:an? |the )?(?:pdf|csv|excel|xlsx?|word|spreadsheet|docx?|powerpoint|slides?)

write
(?:mute|silence|snooze|dismiss|acknowledge|ack|clear|cancel|close) (?:the |this |that |all |every |any |those )*(?:¤['s]* )?(?:alarm|alarms|alert|alerts|fault|faults|buzzer|siren|finding|findings|ticket|override|overrides)
(?:(?:raise|create|submit|put in|issue|enter|make|lodge|log)|(?:open|file|book|start|request)(?= (?:me |us )?(?:an?|the|new|another) )) (?:me |us )?(?:an? |the |new |another )*(?:work order|work orders|ticket|job|job card|service request|maintenance request|call ?out|request|defect)
(?:schedule|program|plan|time|delay|postpone) (?:the )?¤+ (?:to |for |fan |unit )*(?:on|off|start|stop|run|at|from|until|for)\\b(?! \\w+ (?:was|is))
(?:fire|spin|bring|ramp|crank|turn|knock|notch|ease|trim|nudge|dial|bump|tweak|throttle|push|take|slow) (?:the |up |down |off |back |on )*(?:¤+)(?:['s]* (?:\\w+ )?)?(?: ?(?:up|down|off|on|back|a bit|a notch|a touch|a little|by \\d+.*|\\d+ (?:degrees|percent|%|c|f).*|to .+))?\\W*(?:please|now|for me)?\\W*$
(?:fire|spin|power) up (?:the )?¤
(?:swap|change|switch) (?:over )?(?:from )?¤+ (?:to|with|for) ¤
(?:stage|bring) (?:on|off|in|up) (?:the |another |a )?(?:¤|chiller|pump|tower|fan)
(?:isolate|de-?energi[sz]e|re-?energi[sz]e|re-?start|power ?cycle|re-?boot|lock ?out|unlock|un-?force|de-?override|commission|de-?commission|pre-?cool|purge|flush|defrost)(?: the| all)? (?:¤|\\w+ )
(?:need|needs|want|wants|like|have|get|got|make|let us have|let|put|keep|hold|leave|run|set) (?:the |room )?¤+ (?:to be |to run |to go |be |room |running |stay |back |down |up |temp )*(?:at|to|on|off|in) (?:\\d+|auto(?:matic)?|manual|hand|high|low|max|min|full|half|standby)\\b.*
(?:get|make|have|keep|let) (?:the |room |it )?(?:¤+ )?(?:in )?(?:a (?:bit|little|touch|tad) |slightly |some |much )?(?:warmer|cooler|colder|hotter|quieter|drier|fresher|less (?:cold|hot|humid))
(?:give|send|push|pump|blow) (?:the |room )?(?:¤+ )(?:a (?:bit|little) )?(?:some |more |less |extra )(?:air|cooling|cold|chilled|water|flow|fresh|heat|degrees)
(?:can|could|would|will|may|might) (?:i|we|you|u|someone|somebody|anyone|they|engineering) (?:please |just |kindly |quickly |maybe |possibly )*(?:turn |bring |nudge |bump |knock |drop |raise |lower |warm |fire |spin |isolate |mute |raise |start |stop |kill |trim |adjust |shut |push |ramp |switch |set |close |open |reset |release |clear )

explain
(?:supply |system |air |water )?path (?:of|for|from|to|between) (?:the )?(?:room )?¤|trace (?:the )?(?:room )?¤+ (?:back|up)|how (?:does|do) (?:the )?(?:chilled |cold |cool )?(?:water|air|power|cooling) (?:get|reach|come|flow) (?:to|from|into)? ?(?:the )?(?:room )?¤
(?:everything|all|whatever) (?:you (?:have|know|got) )?(?:on|about|we have on|you know about|we know about|there is on|to know about) (?:the )?¤
(?:rundown|run down|low-?down|background|primer|profile|info|intro\\w*|details?|summary|overview|snapshot|picture|walk ?through|explainer|the basics|scoop|gist) (?:on|of|about|for) (?:the )?¤
¤+ (?:rundown|low-?down|overview|summary|snapshot|at a glance|in a nutshell|profile|card|details?|info\\w*)
(?:fill|catch|clue|bring) me (?:in|up)(?: to speed)?(?: on| about| with)?
what(?: is|s) ¤+ (?:up to|about|for|all about|there for|used for|supposed to do|connected to|hooked to|good for|responsible for)
(?:which|what) (?:unit|machine|ahu|fan|system|equipment|kit|box|doas|plant|pump|one)s? (?:(?:does|do|gives?|sends?) (?:air (?:to|for) )?(?:the |room )?¤|is for|looks? after|handles?|conditions?|cools?|serves?|takes? care of|supplies|covers?|deals? with|is responsible for)
(?:looks? after|takes? care of|gives? (?:the )?(?:cold |fresh |cool )?(?:air|water) to|sends? (?:air|water) to|air condition\\w*|ventilat\\w*|conditions|handles) (?:the |room )?¤
who (?:feeds?|gives?|supplies|serves?|cools?|handles?|looks after)
(?:what|which|where) .{0,20}(?:air|water|power|cooling|supply) (?:come|comes|coming|from)
(?:used|meant|there) for\\W*$
get(?:s|ting)? (?:it is |its |their )?(?:own )?(?:air|water|cooling|chilled water|power|supply)
is ¤+ (?:an? |on )?(?:vsd|vfd|inverter|constant[- ]speed|fixed[- ]speed|variable[- ]speed|water[- ]cooled|air[- ]cooled|centrifugal|screw|magnetic)
what (?:¤+|room|floor|area|zone) is (?:the )?¤+ (?:in|on|at)\\W*$

doing
(?:how is|how are|hows) ¤+(?:['s]*)? ?(?:doing|getting on|holding up|behaving|looking|performing|going|travelling|faring|coping)?
what is ¤+ up to
(?:check up on|check on|look in on|status of|state of|condition of|health of)

work
(?:job|jobs|work|repair|repairs|service|maintenance|visits?|inspections?) (?:history|records?|cards?|sheets?|logs?|past|list|count|backlog)
(?:who|which (?:tech\\w*|contractor|vendor|company|guy|team)) (?:last )?(?:fixed|repaired|serviced|worked|looked at|attended|did|came|touched|opened|replaced|changed|cleaned|was on|handled|closed|signed)
(?:contractor|vendor|supplier|outsource\\w*|subbie|technicians?) (?:was|were|came|visit\\w*|last|invoice\\w*|did|used)
(?:been|was|were|ever|already|previously|has it|had) .{0,20}(?:looked at|attended|fixed|repaired|serviced|replaced|worked on|cleaned|overhauled|treated|rebuilt|swapped|patched) ?(?:before|already|previously|in the past|lately|recently|since|this year|last year)?
(?:call-?outs?|invoices?|spare parts?|man-?hours|overtime on|labour hours|labor hours|pm (?:due|overdue|schedule|history|done|record)|ppm (?:due|history|schedule)|preventative)
(?:most|least|more) (?:repaired|serviced|fixed|maintained|jobs|work orders|tickets|repairs|breakdowns|call-?outs)
(?:repeat|recurring|serial|regular) (?:offender|failure|job|call|problem|customer|repair)s?
how (?:often|many times) (?:have|has|did|do|was|were) .{0,30}(?:fix\\w*|repair\\w*|servic\\w*|fail\\w*|break\\w*|broke\\w*|clean\\w*|replac\\w*|chang\\w*|attend\\w*|call\\w*)

book
what is (?:an? )?(?:surge|surging|superheat|subcooling|sub-?cooling|cavitation|priming|lead-?lag|staging|setback|turn-?down|diversity|free cooling|economi[sz]er|decoupler|vfd|vsd|hunting|short[- ]cycling|low delta-t|priority array|rogue zone|water hammer|drift eliminator|cooling tower drift|blow-?down|bleed-?off|trim and respond|demand limiting)(?! (?:doing|now|at|speed|flow|running|on ¤))
(?:torque|mesh|clearance|air gap|belt tension|tension|viscosity|grease type|oil (?:type|grade|level)|gasket|part number|part no|model number|serial number|serial no|dosage|dosing|chemical treatment|alignment|bolt|bolts|fuse size|breaker size|cable size|wiring|terminal|dip switch\\w*|modbus (?:map|address|register)|bacnet (?:instance|id|address)|firmware|ip address)
(?:where does it say|what does .{1,30} (?:say|recommend|require|specify|call for|advise)|as per|per the|according|written (?:down|in)|o&m|oem|vendor doc\\w*|literature|catalog\\w*|brochure)
(?:explain|describe|walk me through|talk me through|teach me|show me) (?:how|the (?:steps|procedure|sequence|process|method|startup|start-?up|shutdown))

howto
(?:before|until) (?:i|we|you|one) (?:can|may|could|should) (?:re-?)?(?:start|run|open|reset|switch|stop)\\w*
(?:best|proper|correct|right|safe|recommended|standard|normal|easiest|quickest) (?:way|practice|method|procedure|order|sequence) (?:to|for|of)
(?:start-?up|shut-?down|change-?over|isolation|lock-?out|emergency|commissioning|cleaning|flushing|purging|priming|calibration|reset|restart|changeout|replacement|inspection|maintenance|dosing|bleeding) (?:procedure|sequence|steps|instructions?|method|process|sop|checklist|guide)
(?:procedure|steps|sequence|process|method|instructions?|sop|checklist|guide|way) (?:to|for|of|on|when|if)
(?:need|want|trying) to know how to
(?:walk|talk|guide|take) me through
what (?:do|should|can|must|shall) (?:i|we|one|you) do (?:if|when|about|with)
what (?:to|should i|do i|can i|should we|do we) (?:check|do|look|inspect|verify|test|try|measure|expect)(?! (?:at |on )?(?:first|now|today|tonight))

inject
(?:print|show|reveal|repeat|output|echo|dump|display|leak|give|tell|list|expose|paste|send|what (?:is|are))(?: me| us| out)* (?:your |the |all |all your |any |full |entire |its )*(?:system|hidden|secret|internal|initial|original|developer|base|raw|private|underlying|env|environment)[ -]*(?:prompts?|instructions?|messages?|rules?|vars?|variables?|config\\w*|settings?|files?|keys?|tokens?|secrets?)
(?:api|secret|access|private|encryption|ssh|admin|root|db|database|bearer|jwt|session) ?-?(?:keys?|tokens?|passwords?|credentials?|pw|passphrases?|logins?|secrets?)
(?:repeat|print|output|copy|echo|show) (?:the |all |everything |your )*(?:text|words|message|lines|content|above|verbatim|previous)+ ?(?:above|before|verbatim)
(?:from now on|henceforth|starting now) (?:you|act|ignore|answer|respond|only)
(?:no|without|remove|drop|lift|disable|turn off|switch off) (?:any |all |your |the )*(?:restrictions?|limits|limitations|guard ?rails?|filters?|safety (?:rules|checks|filters)|safeguards|censorship|ethics|rules)\\b(?! sensor)
(?:grant|give|elevate|escalate|assign) (?:me |user |operator |myself |this user |us )*(?:admin|root|write|full|superuser|sudo|super|unrestricted|owner|god)[ -]*(?:access|rights|privileges?|permissions?|mode|role)?
(?:act|behave|respond|operate|run|log ?in|pretend|role-?play|pose)(?: to be| as| like)+ (?:an? |the |my )*(?:admin\\w*|root|developer|dan|hacker|unrestricted|evil|linux|terminal|shell|superuser|system|sysadmin|owner|different ai|another ai)
(?:rm -|chmod |chown |wget |curl |nc -|ls -la|whoami|uname|cat /|/etc/|/proc/|\\.env\\b|printenv|os\\.environ|process\\.env|id_rsa|drop schema|grant all|xp_cmdshell|information_schema|pg_catalog|sqlite_master|waitfor delay|sleep\\(|load_file|into outfile|copy .+ to )
(?:delete|truncate|wipe|erase|purge|destroy|drop|overwrite) (?:from |all |the |every |everything|whole |entire |your )*(?:table|tables|database|db|history|records?|samples?|logs?|data|files?|memory|schema|backup|audit)

has-sensor
(?:which|what|any) .{0,20}(?:have|has|got|with|on|are|is) (?:an? |the )?(?:vsds?|vfds?|inverters?|drives?|variable[- ]speed|constant[- ]speed|fixed[- ]speed|screw|centrifugal|magnetic|economi[sz]ers?|heat wheels?|humidifiers?)

with
with|whose|having

outside
(?:karaoke|playlist|movie|cinema|football|footy|soccer|cricket|rugby|formula|golf|tennis|basketball|premier league|olympics?|world cup|muay thai|casino)
(?:pad thai|tom yum|som tam|sushi|burger|kebab|noodles?|steak|beer|wine|cocktails?|whisky|pub|club|nightlife|street food|snack|cafe|starbucks|seven eleven|7-eleven)
(?:flight|airport|bts|mrt|skytrain|taxi|tuk tuk|uber|grab|bus|ferry|visa|passport|immigration|embassy)
(?:bitcoin|crypto\\w*|stocks?|shares|forex|exchange rate|gold price|lottery|lotto|horoscope|zodiac|astrology|tarot)
(?:president|prime minister|election|politics?|king|queen|celebrity|singer|actor|actress|instagram|facebook|tiktok|youtube|netflix|spotify|twitter)
(?:poem|poetry|haiku|limerick|lyrics|riddle|joke|jokes|novel|essay|homework|horror|fairy ?tale|sing|song)
(?:translate|translation|spell|pronounce|capital of|population of|how old is|who (?:invented|wrote|painted|won|discovered))(?! ¤)
(?:python|javascript|java|html|c\\+\\+|excel formula|regex|algorithm) ?(?:script|code|program|function|class)?(?! sensor)
(?:payday|pay ?slip|salary|bonus|leave days|annual leave|sick leave|roster|overtime pay|hr department|resign\\w*|promotion|shift swap)
(?:girlfriend|boyfriend|husband|wife|birthday|wedding gift|dating|diet|weight|gym|workout|exercise|vitamin|doctor|medicine|hospital|covid)

amenity
wi-?fi|internet|broadband|ssid|hotspot
(?:guest|customer|occupant|lodger)'?s? (?:names?|details|passport|phone|number|nationality|folio|bill|booking|reservation|email|profile|birthday)
(?:name|phone|number|email|nationality) of (?:the )?(?:guest|customer|occupant|person)|who (?:is|was) (?:staying|checked|booked|sleeping|living) ?(?:in|into|at)?
(?:check-?(?:in|out)|checkout|checkin) (?:time|date|at|today|tomorrow|late|early)|late check-?out|early check-?in|room rates?|room price|rack rate
(?:mini-?bar|towels?|pillows?|bed ?sheets? change|room service|laundry|dry cleaning|iron(?:ing)? board|hair ?dryer|kettle|safe box|wake-?up call|luggage|baggage|parking|valet|shuttle|spa|swimming pool|pool|gym|sauna room|jacuzzi|minivan|buffet|breakfast|menu)
(?:lifts?|elevators?|escalators?)(?: \\d+)? (?:is |are )?(?:stuck|broken|down|out|not working|trapped|jammed|status|fault|dead|slow)|(?:stuck|trapped) in (?:the )?(?:lift|elevator)
(?:fire|smoke|sprinkler) (?:panel|alarm panel|detector|detectors|pump room|zone|system|curtain|extinguisher|hydrant|door|doors)|fire alarm
(?:cctv|camera|cameras|door ?lock|key ?card (?:reader|lock)|access control|intercom|tv|television|telephone|projector|printer|laptop|lights? (?:out|off|bulb|not|broken|flicker\\w*)|light ?bulb|toilet|wc|shower|sink|tap|faucet|bath ?tub|plumber|hot water|boiler|genset|diesel|generator|solar panels?|ev charger|grease trap)
"""


def _families() -> dict[str, str]:
    found: dict[str, str] = {}
    for block in _TABLE.strip().split("\n\n"):
        sign, *lines = block.splitlines()
        either = "|".join(line.replace("\\\\", "\\") for line in lines)
        found[sign] = rf"(?<!\w)(?:{either})(?!\w)"
    return found


FAMILIES: dict[str, str] = _families()
"""Sign -> one pattern of its whole family."""
