"""Words that tell what a person wants: one row per sign, read in plain spelling.

`¤` stands for something named ("ch-2", "the lobby"). Signs are facts about the text; which signs
make an intent is decided in `agent.playbooks.intents`.
"""

from __future__ import annotations

import re

from agent.playbooks.words.families import FAMILIES
from agent.playbooks.words.phrases import SAID

_VERB = (
    r"(?:turn(?:ing)?|switch(?:ing)?|shut(?:ting)?|set|chang(?:e|ing)(?! in\b)|adjust(?:ing)?|lower(?:ing)?|rais(?:e|ing)|"
    r"increas(?:e|ing)|reduc(?:e|ing)|decreas(?:e|ing)|releas(?:e|ing)|forc(?:e|ing)|enabl(?:e|ing)|disabl(?:e|ing)|"
    r"clos(?:e|ing)|put(?:ting)?|reset(?:ting)?(?! (?:procedure|button|steps|sequence))|(?:slow|speed|wind|dial|push|back|bring|switch|turn) (?:the )?¤+ (?:\w+ )?(?:up|down|off|on|back)|restart(?:ing)?|reboot(?:ing)?|kill|bump|drop|crank|mak(?:e|ing) ¤|make (?:it|room|the)|"
    r"bring(?:ing)? (?:up )?(?:the )?(?:¤|\w+ (?:up|down|back|online))|tak(?:e|ing) (?:the )?¤+ (?:out|off|down)|get (?:the )?¤+ (?:running|going|on|off|back)|speed up|slow down|ramp|cool (?:down )?¤|cool down|warm up|command|ramp|boost|silence|cancel(?:l?ing)?|remov(?:e|ing) (?:the )?overrid|"
    r"acknowledge|ack|start(?:ing)?(?! (?:time|of|count|up sequence|date)\b)|auto ¤|unload|activate|tak(?:e|ing) (?:the )?override|stop(?:ping)?(?! reporting)|"
    r"open(?:ing)? (?:up )?(?:the )?(?:¤|(?:\w+ ){0,3}(?:damper|valve)|isolation)|"
    r"overrid(?:e|ing) (?:the )?(?:¤|\w+ (?:damper|valve|setpoint|speed))|run(?:ning)? ¤|"
    r"switchoff|switchon|stopit|startit|commandit|raiseit|lowerit|setit|releaseit|return ¤|revert|activate|deactivate|write)"
)
_POLITE = (
    r"(?:(?:please|can|could|would|will|may|might|you|u|kindly|hey|hi|hello|ok|just|go ahead and|i|we|want|need|like|to|let us|"
    r"lets|should|mind|would|d|us|me|the|now|also|then|and|quickly|politely|please|somebody|someone|team|plantroom|should|"
    r"urgent(?:ly)?|asap|for me|it is|must|have|has|dear|sir|do|not forget|id|ill|wed)[\s,:!.]+)*"
)
_SENSOR = r"(?:sensors?|points?|transmitters?|probes?|iaq|device|devices|thermostats?|readings?|values?|telemetry|data|gateway|lorawan|trends?)"
_BAD = (
    r"(?:bad|flat|dead|stale|flatline\w*|stuck|frozen|freez\w+|faulty|broken|offline|trust\w*|accura\w+|missing|gaps?|lost|silent|health|"
    r"calibrat\w+|wrong|fail\w*|not working|unreliable|invalid|garbage|off line|drift\w*|down|dropp\w+|died|dodgy|flaky|iffy|dud|suspicious|funny|quiet|playing up|erratic|suspect\w*|"
    r"noisy|quality|lying|believ\w+|ok|good|right|fine|healthy|reporting|communicating|updating|nonsense|weird|odd|plausible|implausible|out of range)"
)

_TABLE: dict[str, str] = {
    "inject": (
        r"^\s*select\b.+\bfrom\b|\bforget (?:what|everything|all)\b|\bexec\b|\bno rules\b|\bshell\b|\byour (?:new )?(?:instructions|programming|rules|training)\b|\benv(?:ironment)? var|pretend (?:i|im|this)\b|\bdisable (?:all |the )?safety|"
        r"(?:ignore|disregard|forget|override|bypass|skip)\W+(?:\w+\W+){0,4}(?:instructions?|rules?|prompts?|guidelines?|guardrails?|approvals?|above|restrictions?|policy|safety)"
        r"|(?:system|hidden|initial|secret) prompt|(?:your|the) (?:instructions|prompt)\b(?! manual)|you are now\b|pretend (?:you|to be|that you)|act as (?:an?|if|the|root|admin)"
        r"|\bjailbreak|\bdan mode\b|developer mode|api[ _-]?keys?|passwords?|passwd|credentials?|secret keys?|access tokens?|private keys?|admin rights"
        r"|\bdrop\s+(?:table|database|view|all)|\bdelete\s+from\b|\binsert\s+into\b|\bunion\s+(?:all\s+)?select|\btruncate\s+table|\balter\s+table|\bupdate\s+\w+\s+set\b|\battach\s+'"
        r"|\bor\s+'?1'?\s*=\s*'?1|;\s*--|;\s*(?:shutdown|reboot|kill|halt)\b|\$\{|\brm\s+-[rf]+|\bsudo\b|\bos\.system|\bsubprocess\b|\bimport\s+os\b|__\w+__|\beval\s*\(|\bexec\s*\("
        r"|<\s*/?\s*script|javascript:|onerror\s*=|\.\./|/etc/|\bcurl\s+http|\bwget\s+|\bpowershell\b|cmd\.exe|\$\(|\{\{|\bbase64\b|</?(?:system|assistant|tool)\b|^\s*system\s*:"
        r"|(?:no|without|with no|remove (?:all|your)) restrictions|unrestricted (?:assistant|mode|ai)|reveal (?:your|the) (?:prompt|instructions|key|secret|system|config)|environment variables?"
    ),
    "outside": (
        r"\bjokes?\b|\b(?:best|good|cheap|nice) hotels?\b|\bwhat is \d+\s*[-+*x/]\s*\d+|\bfairy ?tale|\bpoems?\b|\bsongs?\b|\bsing\b|\bstory\b(?! (?:with|on|behind))|\bstocks?\b(?! room)|share price|\bfootball\b|\bleague\b|\bscore\b|\bwhat day is it\b|\bsoccer\b|\bworld cup\b|\bcricket\b|\btaxi\b|\buber\b|\bgrab car\b|"
        r"\bcapital (?:city )?of\b|\bpresident\b|prime minister|\btranslate\b|exchange rate|\bgold price|\bbitcoin\b|\bcrypto|\blottery\b|\bhoroscope|"
        r"\bmovies?\b|\bnetflix\b|\bflights?\b|\brecipes?\b|\bcook\b|\bdinner\b|\blunch\b|\bbreakfast\b|\bhilton\b|\bmarriott\b|\bhyatt\b|\bsheraton\b|other hotels?|another (?:hotel|building)|"
        r"next door|competitor|\bnews\b|\bpolitic\w*|\bpizza\b|\bcoffee\b|\border (?:me |us )?(?:a |some )?(?:food|drink|beer)|\belection\b|\bmassage\b|\bwifi password|\bhomework\b|\bessay\b|\bpython code|\bwrite (?:me )?(?:a )?(?:code|program|script|email|letter)|"
        r"\bmeaning of life\b|\bwho (?:is|was|won) (?:the )?(?!on|working)\w+ (?:president|king|match|game|cup|minister|football)|\bsalary\b|\bmy wife\b|\blove\b|\bmarry\b|"
        r"weather (?:forecast|tomorrow|next|in (?!the)\w+|this weekend|like tomorrow)|forecast (?:for )?(?:tomorrow|rain)|will it rain|\brain(?:ing)? tomorrow|weather forecast|\btraffic\b|\bbook (?:me|a|us)\b|\breservation\b|"
        r"price of (?:a |the )?rooms?|\broom rates?\b|how old are you|are you (?:human|real|an? ai|chatgpt)|\bchatgpt\b|\bwho (?:made|created|built) you"
    ),
    "greeting": r"^(?:hi|hello|hey|yo|good (?:morning|afternoon|evening|night|day)|thanks?(?: you)?|thank you|cheers|bye|goodbye|see you|help|help me|test|ok|sawasdee|how are you)(?:\W+(?:there|mate|all|team|everyone|very much|a lot|so much|again|please|politely|bro|boss|plantroom|you|man))*\W*$|what can (?:you|i) (?:do|ask|answer)|how do you work|who are you|what are you",
    "howto": (
        r"\bhow (?:do|can|should|would|could) (?:i|we|you|one|u)\b(?! (?:know|tell|see) )|\bhow to\b|\bhow often (?:should|do|does|to|must|is|are|can|need)\b|\bhow long (?:may|can|should|must)\b|\bhow\W*$|\bsteps\b|\bsupposed to\b|\bhow (?:should|must)\b|\bbetween services\b|\bhow often\W*$|\bhow frequent\w*\b|\bper (?:the )?(?:sequence|spec)\b|\bhow often (?:change|clean|check|replace|service|inspect|grease|brush|test|calibrate|wash)|\blogic\b|\bstrategy\b|\bwhen (?:do|should|must|to) (?:i|we|you|one)?\b|\bnext steps?\b|\bprocedures?\b|\bsteps? (?:to|for|of)\b|step by step|\bsequence of|\bsequence for|\bsoo\b|"
        r"\b(?:correct|right|proper|best|safe) (?:way|procedure|method|order)\b|\bwhat to (?:do|check|look)\b|\bwhat (?:should|do) (?:i|we) check\b|\bsop\b|\bwhat (?:should|do|must) (?:i|we) do\b|\bwhat (?:action|actions|checks?)\b|\binstructions? (?:for|to|on)\b|\bchecklist\b|\bguidelines?\b|\bguide (?:for|to|on)\b|"
        r"\block-?out\b|\btag-?out\b|\bloto\b|\bcalibrat(?:e|ing|ion procedure)\b|\bhow (?:does|do|is|are) (?:the |a |an )?.{2,60}\b(?:work|works|operate|controlled|staged|calculated|reset|sequenced|rotate|rotated|interlocked|set up)\b|\btroubleshooting\b"
    ),
    "book": (
        r"\b(?:alarm|error|fault|trip|code|warning|err)s? (?:code )?(?:no\.? ?|number )?[a-z]{1,3}-?\d{1,4}\b|\b[ea]\d{1,3}\b.{0,20}\b(?:mean|meaning|alarm|code|error)|\b(?:alarm|error|fault|trip) codes?\b|\b(?:alarm|fault|error)\b.{0,25}\bmeaning\b|\bwhat (?:oil|grease|refrigerant|belt|size|type of)\b|\bcorrect .{0,20}setpoint\b|"
        r"\bwhat (?:does|do|is)\b.{0,50}\b(?:alarm|error|fault|code|trip)\b.{0,30}\bmeans?\b|\bmeaning of\b|\bwhat is (?:an? )?(?:alarm |code |error )?[a-z]{1,3}-?\d{1,4}\b|^normal\b|\bstandard (?:value|approach|range|setting)|\bvalue standard\b|\bwhat (?:does|do) .{2,60} mean\b|\bmeant by\b|\bmeaning\W*$|\bsyndrome\b(?!.*\bwhy\b)|\bmanual-book\b|\baccording to\b|\b(?:the|this|per|user|service|operat\w+|installation|oem|carrier|trane|york|vendor|manufacturer'?s?|maintenance) (?:manual|doc|documents?|documentation|handbook|guide)\b|"
        r"(?<!in )\bmanuals? (?:for|of|say|says|page|section|on|about|says?)\b|\bin the manual\b|\bdocumentation\b|\bdata-?sheets?\b|\bname-?plates?\b|\bspec(?:s|ification|ifications)?\b|\bmanufacturer\b|\bwarranty\b|"
        r"\bdesign(?:ed)?\b|\brated\b|\brating\b|\brecommend(?:ed|ation)?s?\b|\ballow(?:ed|able)\b|\bpermi(?:tted|ssible)\b|\blimits?\b|\bnormal (?:range|value|operating)\b|\bwhat is (?:a |an |the )?(?:normal|ideal|acceptable|healthy|typical)\b|\bnormal\b.{0,20}\brange\b|\bacceptable\b|\binterlocks?\b|\btrip (?:point|setting|value)s?\b|\binterval\b|\bproper\b|\bcorrect (?:value|setting|range)\b|\bcut-?outs?\b|\btolerance\b|\bwhat setting\b|\bshould to\b|\bnormally\b|\bhow many months\b|\bwhere in the\b|\bdocument(?:s|ed)?\b|"
        r"\bwhat should (?:be )?(?:the |a |¤)|\bshould (?:the|a|an) .{2,40} be\b|\bshould be\b|\bwhich page\b|\bdrawings?\b|\brefrigerant type|\bwhat refrigerant\b|\bservice interval|\bdefinition\b|\bdefine\b|\bwhat is (?:a |an )?(?:delta-t|approach|low delta-t syndrome|rogue zone|setback|kw/rt)$"
        r"|\be\d{2}\b|\btorque\b|\blegionella\b|\bcfu\b|\bbiocide\b|\bglycol\b|\bbatter(?:y|ies) (?:type|model)\b|\bwhat (?:type|model|kind) of batter|\bbefore (?:i|we|you) (?:can|may|start)\b|\b(?:max|maximum|longest|most)\b.{0,20}\b(?:hours?|hrs|time|days?)\b.{0,40}\b(?:can|may|hold|stay|allowed)\b"
    ),
    "report": (
        r"\breports?\b(?<!\bguest reports)(?! (?:that|of (?:hot|cold|smell|noise)|hot|cold|smell|noisy))|\bexport\b|\bpdf\b|\bexcel\b|\bxlsx?\b|\bcsv\b|\bspreadsheet\b|\bdownload\b|\bpowerpoint\b|"
        r"\b(?:write|make|give|prepare|generate|send|email|draft|create|need|want)\b.{0,25}\bsummar(?:y|ise|ize)\b|\bsummary for\b|\b(?:daily|weekly|monthly|shift|executive|night|log) summary\b|\bsummary (?:daily|weekly|monthly|of (?:the )?(?:day|week|month|night|shift))|^(?:the |shift |night |day |my )*handover(?: notes?| summary)?\W*(?:please)?\W*$"
    ),
    "reported": r"\b(?:guest|guests|room|client|customer|tenant|staff|reception|desk|housekeeping|he|she|they|sensors?|¤)\s+reports?\b|\breport(?:ed|ing)\b|\blast report\w*\W*$|\bdid ¤+ (?:last )?report",
    "write": rf"^{_POLITE}{_VERB}(?!\w)|^¤+['s]*[\s,:-]*(?:\w+ )?(?:valve |damper |fan |setpoint )?{_POLITE}(?:switchoff|switchon|stopit|startit|commandit|raiseit|lowerit|setit|releaseit|turn (?:it )?(?:on|off)|shut (?:it )?(?:down|off)|set (?:it )?(?:to|at) \d|to \d+(?: degrees| ?c| ?f|%)?\W*(?:please)?$|(?:\w+ )?to (?:high|low|medium|max|min|auto|full|off|on)\W*$|off (?:please|now)\W*$|on please\W*$|(?:stop|start|shut ?down|restart)\W*(?:please|now|it|politely|\s)*$)|\b(?:setpoint|speed|temp|valve|damper|position)\b.{{0,25}}¤*\s*\bto \d+(?:\.\d+)?"
             rf"|\b(?:can|could|would|will) (?:you|someone|somebody|we|u)\b.{{0,30}}\b(?:turn|switch|shut|set|change|lower|raise|increase|reduce|decrease|release|close|stop|start|restart|reset|adjust|open|put|disable|enable)\b|\b(?:i|we) (?:want|need) (?:you )?to (?:turn|switch|shut|set|change|lower|raise|increase|reduce|release|close|stop|start|reset|open|put)\b"
             r"|\bi need .{0,20}\b(?:switched|turned|shut|opened|closed)\b|^setpoint \d+|^(?:please )?clear (?:the )?overrid|\bgive ¤+ (?:more|less)\b|(?:^|\s)(?:switchoff|switchon|stopit|startit|commandit|raiseit|lowerit|setit|releaseit)\b",
    "asking": r"\byesno\b|\bwhy\b|\bhow-much\b|\bhow-many\b|\bwhen\b|\bwho\b|\bwhat\b|\bwhich\b|\bis\b(?! in-hand)|\bwas\b|\bdid\b|\bcause\b|\bstays\b",
    "work": (
        r"\bwork orders?\b|\bjobs?\b|\b(?<!out of )servic(?:e|ed|ing)\b(?! (?:interval|manual|limit))|\bmaintenance\b|\bmaintained\b|\brepair\w*|\bfixed\b|\breplaced\b|\bcleaned\b|\boverhaul\w*|\bmttr\b|\bmtbf\b|\b(?:which|who|what) technicians?\b|\btechnician\W*(?:who|which)\b|\bbreaks? (?:down )?(?:the )?most\b|\bfails? (?:the )?most\b|\bhow[ -]many (?:\w+ ){0,3}(?:changes|replacements|cleanings|visits|inspections|call-?outs)\b|\bcontractors?\b|\blabou?r\b|"
        r"\bspares?\b|\bspen[dt]\b(?!.*\b(?:power|electricity|energy|cooling|kwh))|\bworked on\b|\btickets?\b|\b(?:happen|happened|occurred|seen) before\b|\bbreakdowns\b|\bbroke down\b|\blast (?:time )?.{0,30}\b(?:changed?|inspected|checked|greased|calibrated|descaled|brushed|topped up)\b|\bwhen (?:was|were|did).{0,50}\b(?:changed?|inspected|calibrated|installed|greased|descaled|brushed|flushed)\b|"
        r"\bpreventive\b|\bpm (?:done|history|record)|\bparts used\b|\bdowntime\b|\brework\b|\brecurring (?:repairs?|faults?|failures?)\b|\bpm\b|\bchanged?\b.{0,30}\b(?:latest|last)\b|\b(?:latest|last)\b.{0,30}\b(?:chang\w+|clean\w*|inspect\w+)|\bwho (?:did|changed|fixed|repaired|worked|serviced)\b|\blogged\b|\bever (?:replac|repair|servic|fix|chang)\w*|\blast (?:look|looked|touched|worked|checked)\b|\bclean\w*\b.{0,40}\b(?:latest|last)\b|\b(?:was|been|work) done\b|\b(?:previous|past|earlier) (?:failures?|repairs?|faults?|jobs?|breakdowns?)\b|\brepeat\w*|\blog ?book\b"
        r"|\blast (?:time )?.{0,40}\bdone\b|\bever (?:trip|fail|leak|br[eo]|burn)\w*|\bleak\w*\b.{0,25}\bmost\b|\bcost of .{2,50}\b(?:changed|replaced|repaired|fixed|cleaned)\b"
    ),
    "override": (
        r"\boverrid\w*|\bbypass(?:ed|ing)\b|\bin bypass\b|\bin-hand\b|\bhand (?:mode|switch\w*|position|control|off)\b|\bforce\b|\bcommanded by\b|\bby hand\b|\bhand\b(?! ?over)|\blocked\b|\bmanual\W+yesno|\bmanual\W*$|\bpinned\b|\b(?:in|on|to|into|under) (?:the )?manual\b(?! (?:say|book|page))|\bmode manual\b|\bmanual (?:mode|control|override|command|position|operation)\b|\bauto(?:matic)? or (?:in )?(?:manual|hand)\b|\b(?:manual|hand) or (?:in )?auto\b|"
        r"\b(?:in|on) auto(?:matic)?\b|\bforced\b|\bpriority \d+|\bpriority array\b|\bhoa\b|\bmanually\b|\blocked (?:on|off|out|at|open|shut|by|in)\b|\b(?:any\w*|something|what\S*|which|there-is)\b.{0,20}\bmanual\b(?! (?:say|book|page|for|of))|\bin man\b|\boperator commands?\b|\bjumpered\b|\bnot in auto\b|\bheld\b|^manual\W*$|\bmanual (?:points|pumps|valves|stuff)\b|\bleft (?:on|in) hand\b"
    ),
    "quality": (
        rf"\b{_SENSOR}\b.{{0,40}}\b{_BAD}\b|\b{_BAD}\b.{{0,45}}\b{_SENSOR}\b|\bstale\b|\bflatline\w*|\bdrift\w*|\bsensors? (?:check|health|status)\b|\bcheck .{{0,15}}\bsensors?\b|\b(?:trust|believe)\b|\bno data\b|\boffline\b|\bno (?:readings?|signal|response|reading|values?|samples)\b|\bnot (?:communicating|responding|reporting|updat\w+|sending|reading|transmitting|logging|polling|talking|been updated|received)\b|\breads? (?:zero|nothing|blank)\b|\bhaywire\b|\bspiking\b|\bjumpy\b|"
        r"\bcomms?\b.{0,12}\b(?:ok|good|up|down|healthy)\b|\bcomms? (?:loss|fail\w*|lost|issue|problem|fault|down|error)s?\b|\blost comms?\b|\balive\b|\breliab\w+|\b(?:lose|lost) (?:the )?¤|\bno comms?\b|\bdata (?:loss|holes?)\b|\bcheck (?:the )?data\b|\bloss of (?:data|signal|comms?)\b|\bsignal lost\b|\bsensors?\b.{0,10}\boff\b|\blow batter\w+|\bbatter(?:y|ies) low\b|\bstopped reporting\b|\bout of range\b|\bdata quality\b|\blast (?:report\w*|seen|heard|updat\w+|reading|sample)\b|\bsensors?\b.{0,15}\b(?:problems?|issues?|faults?|trouble)\b|\bhow (?:good|reliable) is the data\b|\bsilent\b|\bbelievable\b|\bwent (?:quiet|dark|dead|silent)\b|\bquiet\b.{0,15}\bsince\b|\bstopped (?:sending|updating|logging)"
    ),
    "stuck": r"\bstuck\b|\bfrozen\b|\bnot moving\b|\bnot changing\b|\bconstant value\b|\bsame value\b",
    "actuator": r"\bdampers?\b|\bvalves?\b|\bfans?\b|\bdoors?\b",
    "why": r"\bwhy\b|\bhow come\b|\bwhat (?:is|are|was) (?:causing|making|driving)\b|\bwhat (?:makes|made|causes|caused|drives)\b",
    "cause": r"\bcause[sd]?\b|\broot cause\b|\breasons?\b|\bdiagnos\w+|\banaly[sz]\w*|\bfigure out\b|\binvestigat\w+|\bwhat is wrong\W*$|\bwhat is the (?:matter|deal)\b|\bwhat (?:is|went|could be|might be) wrong with\b|\bwhat is up with\b|\bwhat-is-wrong\b|\bwhat happened (?:to|with)\b|\bexplain (?:the |this )?(?:fault|alarm|problem|issue|high|low)|\bwhat is going on with\b|\btroubleshoot\b|\bbehind\b|\bwhat is (?:the )?(?:problem|issue|trouble|fault) (?:with|on|in|of|at)\b|\bsomething (?:is )?(?:off|funny|weird|strange|not right|up) (?:with|on|at)|\bnot right\b|\b(?:acting|playing) up\b|\bmisbehav\w+|\bwhat is (?:up|off)\b",
    "wrong-with": r"¤\W{0,3}what is wrong\W*$|\bwhat\b.{0,20}\bwrong with ¤|\bmatter with ¤",
    "feel": (
        r"\bhot\b(?! (?:water|deck))|\bheat\b(?! (?:exchanger|balance|pump|load|rejection))|\bmusty\b|\bover-?cool\w*|\boverheat\w*|\b(?:bad|poor|stale|no fresh) air\b|\bdraught\w*|\bdrafty\b|\bblowing (?:warm|hot|cold)|\bwarm\b|\bcold\b(?! water)|\bchilly\b|\bfreez\w+|\bhumid\b|\bdamp\b|\bmuggy\b|\bstuffy\b|\bsticky\b|\bclammy\b|\bsmell\w*|\bodou?r\b|\bstink\w*|\bnois[ey]\w*|\bloud\b|\bvibrat\w+|\brattl\w+|\bsweat\w*|\bboiling\b|\bsauna\b|\boven\b|\bfridge\b|"
        r"\bicebox\b|\biced?\b|\bno (?:cool(?:ing)?|cold|air|aircon)\b(?: air)?|\bnot (?:cooling|cold|cool|comfortable|enough (?:air|cooling))\b|\baircon (?:is )?(?:not|weak|bad|broken|down|no|problem|fault|issue|dead|off)|\buncomfortable\b|\btoo (?:dry|cool)\b|\bmould\w*|\bmold\w*|\bsweltering\b|\bburning\b|\bstifling\b|\b(?:cannot|will not|not)\b.{0,10}\b(?:come|coming|go|going|get|getting) down\b|\buseless\b|\bcannot\b.{0,15}\b(?:get|go|reach|sleep|breathe|cool|keep)|\bweak (?:air|cooling|aircon)\b|"
        r"\bcondensation\b|\bdripping\b|\bairless\b|\bbaking\b|\broasting\b|\bshivering\b|\bcool (?:too|not) much\b|\bwon'?t cool\b|\bwill not cool\b|\bnot getting cool\w*|\baircon not\b|\bno airflow\b"
    ),
    "complain": r"\bcomplain\w*|\bmoan\w*|\bgrumbl\w*|\bstaff (?:says?|said|called|reports?)|\b(?:guests?|he|she|they|lady|gentleman|customer)\b.{0,20}\b(?:says?|said|calls?|called|calling|rang|phoned|unhappy|angry|upset)\b|\bguests? (?:wants?|asks?|needs?|in|at|of|from|say|says|said|reports?|not happy|unhappy|angry)|\bunhappy\b|\buncomfortable\b",
    "explain": (
        r"\bfeeds?\b|\bfed\b|\bruns? off\b|\bhangs? off\b|\bcomes? off\b|\bget\w*\b.{0,25}\bfrom\b|\bget\w*\b (?:its |their )?(?:air|water|power|chilled)|\bhow is ¤+ (?:cooled|supplied|fed|served)\b|\bwhere (?:do|can|would|could) (?:i|we|you|one) (?:find|see)\b|\bwhat is it\W*$|\bdetails\b|\bhooked (?:up )?to\b|\btied to\b|\bmatched with\b|\bwhere ?abouts\b|\blinked to\b|\bsource of\b|\bsupply path\b|\bparent\b|\btakes? (?:its )?(?:air|water|power)\b|\bfeeding\b|\bserv(?:e|es|ed|ing)\b|\bsuppl(?:ies|ied)\b|\bsuppl(?:y|ying) (?:air to |water to |to )?(?:the )?¤|\bupstream\b|\bdownstream\b|\bwhere (?:\w+ )?(?:is|are)\b|\bwhat (?:room|floor|area)s? is\b|\bwhat (?:loads|rooms|zones|floors) (?:are )?(?:on|under|off)\b|\blocat(?:ed|ion)\b|\btell me (?:more )?about\b|\bdescribe\b|\bgoes with\b|\bconnected\b|"
        r"\bwhat is-it\b|\bwhat-is-it\b|\bexplain\b(?! (?:the )?(?:fault|alarm|problem|issue|why|high|low))|\bwhat (?:does|do|is|are) ¤+ (?:do|for|cover|handle)\b|\bbelongs?\b|\bpart of\b|\bassociated\b|\bpaired\b|\bmeasures\b|\bgets? (?:its )?(?:air|water|power|chilled water)\b|\bcomes? from\b|\bdepends? on\b|\bwhat kind of\b|\bwhere to\b|\bcovers?\b|\bget(?:s|ting)? (?:its |their )?(?:air|water|power|chilled)|\bstays which\b|\bwhich floors?\W*$|\bresponsible for\b|\bdownstairs\b|\bhooked up\b|\bwhere can i find ¤|\bwhich (?:floor|room|area) is ¤"
    ),
    "what-is": r"\bwhat is (?:this |the |an? )?¤+\W*$|^(?:what|who|whats) (?:is|are) (?:a |an |the )?¤+\W*$|^¤+ (?:what-is-it|what is it)\W*$|^(?:what is |define )?¤+ (?:mean|meaning)\W*$",
    "whats-on": r"\bwhat(?: is)? (?:in|inside) (?:the )?¤+\W*$|¤+ what-all|\bwhat(?: all)?(?: is| are)? (?:there |installed |located )?(?:on|in|at) (?:the )?¤+\W*$|\bwhat have we got (?:on|in|at) ¤",
    "find": (
        r"\blist\b|\bfind\b|^count\b|\bdo we have\b|\bhave we got\b|\bwe got\b|\bis there an?y?\b|\bare there\b|\bthere-is\b|\bthere is\b|\bwhat (?:equipment|sensors?|points?|meters?|devices?|pumps?|machines?|assets?|plant)\b|\bwhich (?:equipment|sensors|points|meters|devices)\b|"
        r"\bpoints (?:of|on|in|for|available)\b|\bwhere can i find\b|\bwhere are (?:the )?|\bshow (?:me )?(?:all|every|the list)\b|\bhow[ -]many\b|\bnumber of\b|\binventory\b|\bequipment (?:on|in|list|at|of)\b|\bwhat-all\b|\bany .{0,20}\bsensors? (?:on|in|at|for|near|around|by|inside)\b|\bdo(?:es)? .{0,30} have\b|\bcount (?:of|the)\b"
    ),
    "things": r"\bequipment\b|\bsensors?\b|\bpoints?\b|\bdevices?\b|\bmachines?\b|\bassets?\b|\bthermostats?\b|\bboilers?\b|\bheaters?\b|\bcompressors?\b|\bvalves\b|\bdampers\b|\bunits\b|\bfans\b|\bheat pumps?\b|\bgenerators?\b|\belevators?\b|\blifts?\b",
    "suspect": r"\bfoul(?:ing|ed)\b|\bscal(?:ing|ed)\b|\bsurg(?:e|ing)\b|\bpassing\b|\bblocked\b|\bchoked\b|\bclogg\w+|\bhunting\b|\bshort[ -]cycling\b|\btripping\b|\bundersized\b|\bover-?pumping\b|\bfighting\b|\bleaking\b|\bleak by\b|\bslipping\b|\bworn\b|\bseized\b|\bwasting\b",
    "fault": (
        r"\bfaults?\b|\bfaulty\b|\bcame up\b|\banything (?:fail|trip|go wrong|happen)\w*|\balarms?\b|\bissues?\b|\bproblems?\b|\bwrong\b|\bbroken\b|\banomal\w+|\bfindings?\b|\bcritical\b|\btrouble\b|\bdefects?\b|\babnormal\w*|\bwarnings?\b|\bevents?\b|\btripp?ed\b|\bon trip\b|\bfailures?\b|\bfailed\b|\bmalfunction\w*|\bwhat needs (?:attention|fixing)\b|"
        r"\b(?:is |are )?(?:everything|all|things) (?:is |are |running )?(?:ok|fine|good|well|normal|alright)\b|\blook at first\b|\bhandover\b|\bhand over\b|\bpriorit(?:y|ies|ise)\b(?! \d)|\bwhat should (?:i|we) (?:look|check|fix|do|start)\b|\bfix first\b|\banything\b.{0,20}\b(?:know|worry|urgent|off)\b|\bfailing\b|\b(?:energy|biggest) waste\b|\banything (?:unusual|strange|odd|weird|new|bad|to worry)\b|\bwast(?:es?|ing)\b|\balarming\b|\b(?:anything|something|what|who|which ¤*) (?:is |are )?(?:down|out|dead|failed|not working|acting up)\b|\bcosting (?:us|me|money)\b|\bwaste?\b|\bpunch list\b|\bsnags?\b|\bred flags?\b|\bhealth check\b|\bconcerns?\b|\banything to report\b|\boutstanding\b|\bneeds? (?:fixing|repair|attention)\b|\bto watch\b|\bto be aware\b|\bbefore i (?:start|take|go|begin)|\btak(?:e|ing) over\b|\bcoming on shift\b|\bstart(?:ing)? (?:my|the) shift\b|\b(?:ok|good|fine|healthy|alright|normal)\W*$|\bhealthy?\b|\ball good\b|\bshould i (?:know|worry)\b|\bneeds? (?:my )?attention\b|\bmost urgent\b|\burgent\b|\bhow is (?:the )?(?:building|everything|site|it going)\b|\bworst\b(?! room)"
    ),
    "trend": r"\btrends?\b|\btrending\b|\blately\b|\brecently\b|\bscroll\b|\b(?:look|go|went) back\b|\bover the (?:past|last)\b|\brecords? (?:of|for)\b|\bbehav\w+|\bwent (?:up|down)\b|\bplot\w*|\bgraph\w*|\bcharts?\b|\bhistor\w+|\bprofile\b|\bcurve\b|^draw\b|\bdraw (?:it|me|the|a)\b|\blog of\b|\bover time\b|\btimeline\b|\bchanged?\b.{0,20}\bover\b|\bhow has\b|\bhow did .{2,60} (?:change|behave|move|go)\b|\bline chart\b|\bwas .{0,20}\bdrift",
    "compare": r"\bvs\b|\bversus\b|\bcompar\w+|\bagainst\b|\bdifference between\b|\bthan\b(?! (?:\d|a day|an hour))|\brelative to\b",
    "money": r"\bcosts?\b|\bspen[dt]\b|\bbaht\b|\bthb\b|\bbills?\b|\btariff\b|\bmoney\b|\bprice of (?:electricity|power|energy)\b",
    "energy": r"\beui\b|\benergy intensity\b|\bcarbon footprint\b|\bemissions?\b|\bwaste?s? (?:most |the most )?energy\b|\bus(?:es?|ing) (?:the )?most (?:energy|power|electricity)\b|\busing power\b.{0,20}\b(?:highest|most|max)\b",
    "consuming": r"\busing power\b|\bpower (?:used|consumed)\b|\bused? (?:\w+ ){0,3}(?:power|electricity)\b",
    "mean": r"\baverages?\b|\bmean\b(?! ?\?$)|\btypical\w*\b|\bon average\b",
    "max": r"\bmax\b|\bpeak\w*\b|\bhighest\b|\bhottest\b|\bwarmest\b|\bmost\b(?! (?:recent|of))|\btop\b(?=.*\b\d)|\bbiggest\b|\blargest\b|\bfastest\b|\bupper\b|\bleast efficient\b|\bworst\b|\bhow high did\b|\bmost humid\b|\b(?!(?:gu|r|t|lat|requ|w|b|inter|near|for|hon|sugg|earli|lo?w|old|new|clos|coldest|cold|cool|slow|small|l|l?e?a)est\b)\w{3,}est\b|\bmost expensive\b|\bhow hot did\b",
    "min": r"\bmin\b|\blowest\b|\bcoldest\b|\bcoolest\b|\bleast\b(?! efficient)|\bsmallest\b|\bslowest\b|\bmost efficient\b|\bbest\b|\bhow low did\b|\bhow cold did\b|\bminimum\b",
    "sum": r"\btotal\w*\b|\bsum\b|\baltogether\b|\bin all\b|\bcumulative\b|\boverall\b",
    "all": r"\ball\b(?! (?:night|day|the time|good|ok))|\beach\b|\bevery\b|\bboth\b",
    "count": r"\bhow[ -]many\b|\bnumber of\b|\bcount\b",
    "which": r"\bwhich\b|\bwhat rooms?\b|\bwhat floors?\b|\btop \d+\b|\bwhich-all\b|\bany rooms?\b|\brank\b|\bwhere\b",
    "more": r"\b(?:more|less|higher|lower|hotter|colder|warmer|cooler|better|worse|up|down)\b",
    "live-how": r"\bhow (?:hot|cold|warm|humid|cool)\b|^is it (?:hot|cold|warm|humid)\b|\bhow-many degrees\b|\bhow-much\b",
    "doing": r"\bhow (?:is|are|was)\b|\bstatus\b|\bstate of\b|\bcondition of\b|\boverview\b|\bsummary\b|\bcheck(?: on)?\b|\bshow me\b|\btell me\b|\binformation\b|\bdetails?\b|\blook at\b|\bat a glance\b",
    "again": r"^(?:and|what about|how about|also|same for|ok and|then|now|and for|and what about)\b",
    "asks-past": r"^(?:was|were|did|had|has)\b",
    "doing:strict": r"\bhow (?:is|are)\b|\bstatus\b|\bstate of\b|\boverview\b|\bcondition of\b",
    "happened": r"\bwhat happened\b|\bwhat did .{2,40} do\b",
    "when-did": r"\bwhen (?:did|was|were|has)\b",
    "has-sensor": r"\bwhich .{0,20}\bha(?:ve|s)\b.{0,20}\b(?:sensors?|meters?|points?)\b",
    "too-far": r"\btoo (?:high|low)\b",
    "waste": r"\b(?:energy|biggest|money) waste\b|\bwasters?\b|\b(?:biggest|worst|top \d+) (?:waste|loss|wast\w+|money)\w*",
    "latest": r"\blatest\b",
    "fault:noun": r"\bfaults?\b|\balarms?\b|\bissues?\b|\bproblems?\b|\bbroken\b|\banomal\w+|\bfindings?\b|\btripped\b",
    "all-good": r"\b(?:ok|good|fine|healthy|alright|normal)\W*$",
    "where": r"\bwhere\b",
    "past": r"\bwas\b|\bwere\b|\bdid\b|\bhad\b|\bbeen\b",
    "forecast": r"\bforecast|\bpredict|\bwill\b.{0,40}\bbe\b|\bgoing to be\b",
}  # fmt: skip

CUES: dict[str, re.Pattern[str]] = {
    name: re.compile("|".join(filter(None, (_TABLE.get(name), SAID.get(name), FAMILIES.get(name)))))
    for name in _TABLE | SAID | FAMILIES
}
"""Sign -> what shows it: the exact patterns above and the plain phrases of `phrases`."""

COMPLAINTS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        ("cold", r"\bcold\b|\bchilly\b|\bfreez|\bicebox|\bfridge\b|\biced?\b|\bshivering|\btoo cool\b|\bover-?cool"),
        ("hot", r"\bhot\b|\bwarm\b|\bboiling\b|\bsauna\b|\boven\b|\bsweat|\bno (?:cool|cold|aircon|airflow)|\bnot (?:cool|cold|getting)|\baircon\b|\bcannot (?:get|go|reach|sleep|cool)|\bweak|\bsweltering|\bbaking|\broasting|\bburning|\bwon'?t cool|\bwill not cool|\bno air\b"),
        ("humid", r"\bhumid|\bdamp\b|\bmuggy|\bsticky|\bclammy|\bmould|\bmold|\bcondensation|\bdripping"),
        ("smell", r"\bsmell|\bodou?r|\bstink"),
        ("stuffy", r"\bstuffy|\bairless|\bstifling|\bbreathe|\bco2\b"),
        ("noise", r"\bnois|\bloud|\bvibrat|\brattl"),
    )
)  # fmt: skip
