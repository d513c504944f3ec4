"""What people say, sign by sign, as plain phrases: the wide table beside the exact patterns of `cues`.

A row is a phrase in plain words. "a/b" is either word, "word?" may be left out, "..." is up to four
words in between, "¤" is anything named, "^" and "$" are the ends of the question. A word also
stands for itself with "s". Written for what a row means, not for a question that was seen.
"""

from __future__ import annotations

import re

_TABLE = """
inject
no rules
secretly
disable/stop logging/audit/auditing
turn/switch off/down? ... safety/safeties/rules/guardrails/logging/audit/filters
forget everything
you are ... root/admin/dan/free/unrestricted/developer/jailbroken
ignore/disregard/forget/bypass/override/skip/drop/break ... instructions/instruction/rules/rule/prompt/guidelines/guardrails/restrictions/policy/policies/safety/limits/filters/above/training
disable/remove/deactivate ... guardrails/restrictions/safety/filters/checks/limits/protections
hidden/secret/initial/internal/original/confidential/system/developer instructions/prompt/rules/message/settings
print/show/reveal/repeat/output/dump/leak/share/copy/display/tell ... instructions/prompt
you were given/told/trained
repeat/print/copy/output/echo ... above/verbatim
word for word
new system/developer? message/rules/instructions/role
obey/serve only? me/my
from now on you
you are/must no longer
pretend ... admin/administrator/root/developer/owner/manager/engineer/unrestricted
i am ... admin/administrator/root/developer/superuser
as root/administrator/superuser
admin/auth/access/bearer/session/secret/api token/key/credential/password/login
shell/root/ssh access
config/configuration file
dump/export/show/print/leak ... config/configuration/secret/database/users/env
env/environment vars/var/variables/file
connection string
execute/run ... shell/bash/script/command line/code
delete/wipe/erase/drop/destroy/truncate/purge ... table/tables/database/db/records/samples/schema
delete/wipe/erase/purge all? the? data/history/logs
create/drop/alter/truncate table/view/database/user
insert into
update ... set ... where
union ... select
without ... rules/restrictions/guardrails
no rules/limits/filters
developer/god/sudo/admin/debug mode

report
send to? my/the? manager/boss/gm/owner/client/chief
daily/weekly/monthly/shift/night/day/duty/log log/notes/note/recap/digest
shift change notes/summary/log
do/prep/prepare/make/write/create/draft/need/generate/get ... handover
handover notes/note/sheet/report/summary/log/document/doc
summary ... handover
handover summary
handover ... day/night/next/morning/evening/afternoon team/shift/crew/guys
summary/summarise/summarize/recap/digest/overview for ... owner/manager/gm/boss/management/client/director/head/team
one/1/two/2 page summary/overview
summary/summarise/summarize/recap ... day/night/shift/week/month/today/yesterday
end of shift/day/week/month
write ... up ... happened/night/day/shift/week
write up
write/type/put/jot down? ... notes
for the meeting/owner/gm/boss
send ... to manager/boss/gm/owner/client
slides/powerpoint/presentation

summary
summary/summarise/summarize/recap/digest/rundown/handover

howto
should clean/cleaning/change/replace/wash/brush/service
^ change/replace/clean/grease/service/wash/brush/calibrate ... when
who approve/sign/authorise/authorize/approves/signs
method/methods/technique
normal how-much/range/value/level
treatment/biocide/inhibitor/legionella/dosage dose/dosing/rate/program/limit/level
what should i do
what/how ... should ... be/run/stay/read
who must/should/can/may/needs/has ... approve/sign/authorise/authorize/decide
can/may/should i/we run/use/operate/start/stop/open/mix ... with/without/while/during/if/and
is it ok/okay/safe/allowed/permitted to
am i allowed
are we allowed
every how-many days/weeks/months/hours/years
how often should/must/do/to
how-many times a day/week/month/year should
when should/must/does/do/will ... start/come/stage/run/change/switch/swap/be/open/close/stop
when to start/stop/stage/change/clean/replace/switch
what if
if ... how to/should
if ... what do/to/should
what do/should i/we/you do
what to check/do/look/inspect
how does/do ... work/works/operate
what must/should ... be
should/must/may/can ... be within/between/below/above/under/at
before starting/opening/closing/stopping/working/entering
rules/rule/policy for/about/on/of
who approves
ok/safe/normal range/level/limit/value

work
last calibration/cleaning/service/pm/inspection/maintenance/overhaul/repair/visit/flush/wash/replacement
belt/filter/oil/battery/bearing/strainer/tube/seal/gasket changes/change/replacement/cleaning
spent on ... parts/repair/labour
parts/spares/labour/labor/contractor cost/bill/spend/spending
how often did/has/have/does ... break/fail/broken/failed
work/job/repair was? done
when did we/they/you/i/someone/contractor/vendor last? change/replace/clean/fix/repair/service/top/grease/flush/brush/overhaul/calibrate/inspect/descale/swap/install/rebuild/paint/refill/charge/wash/treat
last time we/they/you/someone ... change/replace/clean/fix/repair/service/grease/flush/brush/overhaul/calibrate/inspect/descale/swap/install/wash
been changed/replaced/cleaned/fixed/repaired/serviced/greased/overhauled/swapped/rebuilt/inspected ... before/already/ever/recently/last/lately
was/were/been replaced/cleaned/fixed/repaired/serviced/greased/overhauled/swapped/rebuilt/refilled/topped/washed/descaled
time to fix/repair
took/take/takes to fix/repair
topped/top up ... refrigerant/oil/gas/water/chemical
refrigerant/oil/gas/grease/chemical top/topped/refill/charge/added
breaks/break/broke/fails/failed/breaking/failing ... most/often/least/down
most ... breakdowns/failures/repairs/callouts/jobs
how-many ... changes/replacements/cleanings/repairs/callouts/breakdowns/visits/services/inspections
how-many times ... repaired/fixed/serviced/cleaned/replaced/changed/broken/failed
common repair/failure/fault/fix/job
who last? did/fixed/repaired/changed/replaced/cleaned/serviced/opened/closed/attended/worked
contractor/vendor visit/visits/bill
open/overdue/pending/outstanding/closed/completed work/jobs/tickets/wo
service/repair/maintenance/pm history/record/records/log/cost/costs
history of? repair/repairs/service/maintenance/work

override
who forced/forcing/forces/locked/holding/held/overrode/pressed/put
forcing/forces/holding ... ¤
in-hand
by hand
not following ... program/schedule/auto/sequence/logic/control
left/stuck/still ... manual/hand
manual left/stuck/still/on/points/list
anything/something/anyone/anybody/who ... manual/hand
under/on manual/operator/hand control/command
locked by
someone overriding/override
operator lock/locked/override/command/commands/control
bypassed/bypassing points/point/auto/controls/control

quality
data ... complete/incomplete
communicating/transmitting
not updated/reported/moved/changed/transmitted
readings/reading/data/numbers/values/points ... no/not sense
make/makes no sense
last send/sent/transmit/report/reported/update/updated/uplink/heartbeat/transmitted/talk/talked/respond/responded ...
when ... last send/sent/report/update/transmit/reading/uplink/heard/seen/talk
not talking/alive/responding/sending/reporting/updating/transmitting
comms/communication/network/gateway ok/fine/good/down/status/fault/lost/loss/health/check/working
comms ok/fine/good/down
offline/dead/silent/missing/lost nodes/node/devices/device/sensors/sensor/points/point/meters/meter/controllers/controller
devices/nodes/sensors/points/meters/controllers/node/device/sensor ... offline/dead/silent/missing/down/lost/died
sensor/sensors/reading/readings/data/values ... lying/trust/trusted/believe/real/bogus/rubbish/nonsense/crazy/wrong/off/suspect
can i/we trust/believe/rely
trust/believe ... reading/readings/sensor/number/numbers/value/temp/data
bad/missing/lost/corrupt/rubbish/garbage/dirty data/readings/values/samples/points
gaps/gap in/of? data/history/trend/readings
no uplink/telemetry/heartbeat
need/needs calibration/calibrating/recalibration

fault
anything/something on/at/in/with ¤ $
worry/worried/concerned/watch/look about/out
biggest/worst/largest/top energy? waste/waster/loss/problem/issue
ok/normal/fine/good/well ... yesno
faulty/defective/unhealthy/malfunctioning
what is the damage
what is up
anything going/happening
what is going on
top priority/priorities
action/hot/snag/punch/defect list
fix/attend/look/tackle/sort first
first ... fix/check/attend/tackle
in alarm/trip/fault
wasting/wastes/waste/wasted/burning ... most/energy/money/power
energy wasters/waste/hogs
what/which ... costs/cost/costing ... most
losing money
need/needs/requires attention/fixing/action
everything/all ok/okay/good/fine/normal/quiet
all good/ok/fine/clear/quiet

cause
caused by
always/constantly/keeps/still ... explain
what is behind
behind ¤
what explains
explanation for/of
for what/which reason
what led
what triggered/triggers
whose fault
to blame
what would cause
culprit

write
go/switch to/in/on auto/automatic/manual/hand
^ please? create/raise/issue/log/make/open/file a/an/new new? work/job/ticket/order
give ¤ ... less/more/cooler/warmer/colder/degrees/air/cooling
clear/silence/mute/cancel/dismiss/close the/all/any/that/this? ¤? alarm/alarms/fault/faults/alert/alerts
schedule ¤ ... on/off/to/run/start/stop
^ lock/lockout/isolate out? ¤
take ¤ out/off/offline
get ¤ ... to/down/up/on/off/running/back/going
bring ¤ ... to/down/up/on/off/back/online
make ¤ ... colder/cooler/warmer/hotter/quieter/run/start/stop
nudge/tweak/dial/trim/throttle/ease/crank/wind the? ¤
update/modify/edit/change/extend/shorten the? ¤? schedule/setpoint/limit
^ ¤ to 1/2/3/4/5/6/7/8/9/10/15/20/21/22/23/24/25/26/27/28/30/40/50/60/70/80/90/100 please?
put/return/send/set/switch ... back? in/to/into/on auto/automatic/manual/hand
out of in-hand/hand/manual

feel
fanning/fan themselves/herself/himself
melting
dying ... heat
dripping/drips/wet/damp/moist air/carpet/walls/wall
like ... oven/sauna/fridge/freezer/icebox/furnace/steam
cannot/not get/getting below/down/cool/cold/under
will/does/is not come/coming/go/going/get/cool down/lower
aircon useless/dead/rubbish/weak/bad/broken/off/faulty/fail/failed/gone/crap
no ... cold/cool air
jacket/jackets/blanket/blankets/coat
cannot sleep/breathe

explain
what is after/before/next ... ¤
explain ¤
what is/are ¤ for
what is/are ¤ $
what exactly is ¤
what does ¤ do
purpose/role/function/job of ¤
info/information/details/facts/background on/about/of/for ¤
¤ info/information/details/facts
overview of? ¤
¤ overview
tell me everything/all/more ... ¤
introduce/introduction ... ¤
how-works
how does/do/is ¤ work/works/operate/run

outside
music/playlist/karaoke
lift/elevator/escalator/sprinkler/cctv/generator/genset/toilet/door ... stuck/broken/down/trapped/jammed/leaking
nearby/near here/by
recommend/suggest ... restaurant/hotel/bar/place/food/cafe
leave/holiday/vacation do/did i have
annual/sick/days/leave leave/days
payday/payslip/paycheck/overtime/roster
canteen/cafeteria/minibar/towel/towels/laptop/printer/cctv/parking/carpark
checkout/checkin ... at/time
bedtime

max
which ... higher/hotter/warmer/more/bigger/faster/larger
rank ... by
in order of

min
which ... lower/colder/cooler/less/slower/smaller

define
what is/are a/an
what is/are the? decoupler/economizer/economiser/setback/staging/interlock/superheat/subcooling

for-one
for ¤ $

building
what/which is this building/place/site/hotel
about this/the building/place/site/hotel
what building/hotel/site is this
"""

_BREAK = r"[^\w\s¤]*+\s++"
"""Between two words. Possessive, as everything repeated here: a long text is read once, not in every way it splits."""
_GAP = r"(?:(?:[^\s¤]++|¤++)\s++){0,4}?"
_THING = r"(?<!¤)¤++(?:'s)?"
_ENDS = {"^": r"^[^\w¤]*+", "$": r"[^\w¤]*+$"}


def _one(word: str) -> str:
    """A phrase's word, or one of several, on its own."""
    either = "|".join(_THING if w == "¤" else rf"{re.escape(w)}s?" for w in word.split("/"))
    return rf"(?<![\w-])(?:{either})(?![\w-])"


def _pattern(phrase: str) -> str:
    """
    >>> bool(re.search(_pattern("what is the? ... of ¤"), "what is the main job of ¤¤¤¤"))
    True
    """
    out = glue = ""
    for word in phrase.split():
        if word == "...":
            glue += _GAP
        elif word == "$":
            out += _ENDS[word]
        elif word == "^":
            out, glue = _ENDS[word], ""
        elif word.endswith("?"):
            out += glue + rf"(?:{_one(word[:-1])}{_BREAK})?"
            glue = ""
        else:
            out += glue + _one(word)
            glue = _BREAK
    return out


def _table() -> dict[str, str]:
    found: dict[str, str] = {}
    for block in _TABLE.strip().split("\n\n"):
        sign, *phrases = block.splitlines()
        found[sign.strip()] = "|".join(_pattern(phrase) for phrase in phrases)
    return found


SAID: dict[str, str] = _table()
"""Sign -> one pattern of all its phrases."""
