"""English as technicians type it: short forms, numbers in words, and the words worth correcting towards.

Everything after this table reads one plain spelling: "chwst" is "chilled water supply temp" from here on.
"""

from __future__ import annotations

import re


def in_order(table: str) -> list[str]:
    """The words of a table, whatever its layout."""
    return table.split()


SHORT: dict[str, str] = {
    # small words
    "whats": "what is", "wats": "what is", "wat": "what", "wht": "what", "hows": "how is", "wheres": "where is",
    "whos": "who is", "whys": "why is", "thats": "that is", "v": "vs", "rn": "right now", "ppl": "people", "til": "until", "y": "why", "wy": "why", "r": "are", "u": "you", "ur": "your", "pls": "please", "nite": "night", "rite": "right", "tonite": "tonight", "wots": "what is", "wot": "what", "wich": "which",
    "giv": "give", "senser": "sensor", "sensers": "sensors", "guage": "gauge", "diff": "difference", "flt": "fault", "flts": "faults", "analyse": "analyse", "analyze": "analyse", "batt": "battery", "devs": "devices", "dev": "device", "kwrt": "kw/rt", "kwton": "kw/rt", "n": "and", "hw": "how", "comin": "coming", "whereabouts": "where is", "goin": "going", "runnin": "running", "wit": "with", "rong": "wrong", "teh": "the", "opn": "open", "servs": "serves", "thru": "through", "bad": "bad",
    "plz": "please", "plse": "please", "thx": "thanks", "w": "with", "abt": "about", "btw": "between",
    "isnt": "is not", "doesnt": "does not", "dont": "do not", "cant": "cannot", "cannot": "cannot",
    "wont": "will not", "havent": "have not", "hasnt": "has not", "wasnt": "was not", "werent": "were not",
    "shouldnt": "should not", "couldnt": "could not", "wouldnt": "would not", "hadnt": "had not", "didnt": "did not", "arent": "are not", "gimme": "give me", "wanna": "want to",
    "lemme": "let me", "im": "i am", "theres": "there is", "its": "it is", "aint": "is not",
    "serv": "serve", "ok": "ok", "okay": "ok", "cos": "because", "coz": "because", "bcoz": "because",
    # quantities as printed on drawings and screens
    "chwst": "chilled water supply temp", "chwrt": "chilled water return temp", "chws": "chilled water supply",
    "chwr": "chilled water return", "chwstsp": "chilled water supply temp setpoint",
    "lchwt": "leaving chilled water temp", "echwt": "entering chilled water temp",
    "lcwt": "condenser water leaving temp", "ecwt": "condenser water entering temp",
    "lwt": "leaving water temp", "ewt": "entering water temp", "cwst": "condenser water supply temp",
    "cwrt": "condenser water return temp", "cws": "condenser water supply", "cwr": "condenser water return",
    "chw": "chilled water", "cw": "condenser water", "cdw": "condenser water", "cond": "condenser",
    "evap": "evaporator", "refrig": "refrigerant", "dat": "discharge air temp", "rat": "return air temp",
    "mat": "mixed air temp", "oat": "outside air temp", "zat": "zone temp", "zt": "zone temp",
    "rmt": "room temp", "sats": "supply air temp", "satsp": "supply air temp setpoint",
    "oa": "outside air", "sa": "supply air", "ra": "return air", "wb": "wet bulb", "wetbulb": "wet bulb",
    "oawb": "outside air wet bulb", "rh": "humidity", "hum": "humidity", "dp": "differential pressure",
    "dsp": "static pressure", "duct": "duct", "ductstatic": "static pressure", "press": "pressure",
    "sp": "setpoint", "setpt": "setpoint", "stpt": "setpoint", "spt": "setpoint", "setpoints": "setpoint",
    "temps": "temp", "tmp": "temp", "tmep": "temp", "temprature": "temp", "temperature": "temp",
    "temperatures": "temp", "tempt": "temp", "deg": "degrees", "degs": "degrees", "degree": "degrees",
    "spd": "speed", "vlv": "valve", "dmpr": "damper", "dpr": "damper", "pos": "position", "posn": "position",
    "eff": "efficiency", "pwr": "power", "kws": "kw", "kilowatt": "kw", "kilowatts": "kw",
    "kwhr": "kwh", "kwhrs": "kwh", "kwhs": "kwh", "elec": "electricity", "leccy": "electricity",
    "tons": "rt", "ton": "rt", "tonnage": "rt", "tr": "rt", "amps": "amps", "amp": "amps",
    "pf": "power factor", "occ": "occupied", "sched": "schedule", "cmd": "command", "fb": "feedback",
    "avg": "average", "ave": "average", "mx": "max", "maximum": "max", "minimum": "min", "mins": "minutes",
    "hr": "hours", "hrs": "hours", "wk": "week", "wks": "weeks", "mth": "month", "mths": "months",
    "yr": "year", "yrs": "years", "yday": "yesterday", "ystd": "yesterday", "yest": "yesterday",
    "tmrw": "tomorrow", "tmr": "tomorrow", "tdy": "today", "2day": "today", "2nite": "tonight", "aft": "afternoon",
    "hist": "history", "comms": "comms", "comm": "comms", "maint": "maintenance", "mtce": "maintenance",
    "ppm": "ppm", "wo": "work order", "wos": "work orders", "workorder": "work order",
    "workorders": "work orders", "ovrd": "override", "ovr": "override", "o/r": "override",
    "alm": "alarm", "alms": "alarms", "info": "information", "qty": "count", "incl": "including",
    # equipment
    "chlr": "chiller", "chllr": "chiller", "chl": "chiller", "chlrs": "chillers", "ch": "ch",
    "twr": "tower", "twrs": "towers", "bldg": "building", "bldng": "building", "mtr": "meter",
    "mtrs": "meters", "pmp": "pump", "pmps": "pumps", "sec": "secondary", "secy": "secondary", "pri": "primary",
    "prim": "primary", "rm": "room", "rms": "rooms", "flr": "floor", "flrs": "floors", "fl": "floor",
    "lvl": "level", "equip": "equipment", "eqpt": "equipment", "rest": "rest", "ac": "aircon",
    "a/c": "aircon", "aircond": "aircon", "airco": "aircon", "ballrm": "ballroom", "pau": "doas", "fau": "doas",
    "oau": "doas", "mau": "doas", "iaqs": "iaq", "thermostat": "thermostat", "tstat": "thermostat",
}  # fmt: skip

NUMBERS: dict[str, str] = {
    word: str(n)
    for n, word in enumerate(
        in_order(
            "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
            "sixteen seventeen eighteen nineteen twenty"
        ),
        1,
    )
}
ORDINALS: dict[str, str] = {
    word: f"{n}th"
    for n, word in enumerate(
        in_order(
            "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth "
            "fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
        ),
        1,
    )
}

REWRITES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), plain)
    for pattern, plain in (
        (r"[Δδ∆]\s*-?t\b|\bdelta[\s-]*(?:temp|tee|t)\b|\bdeltat\b|\bdt\b", " delta-t "),
        (r"\bkwh?\s*(?:/|per|a)\s*(?:rt|tr|tons?|tonnes?|refrigeration tons?)\b", " kw/rt "),
        (r"\b(?:set[\s-]+point|set[\s-]+pt|setpiont|spoint)s?\b", " setpoint "),
        (r"\bwet[\s-]+bulb\b", " wet-bulb "),
        (r"\bo\s*&\s*m\b", " manual "), (r"\bb4\b", " before "),
        (r"\bco\s*2\b|\bcarbon dioxide\b|\bcoz\b", " co2 "),
        (r"\b(on|last|since|this|until|till|every|fri|and|next|from)\s+sat\b(?!\s*(?:on|of|for|in)\b)",
         r" \1 saturday "),
        (r"\b(?:front desk|reception|concierge|housekeeping|duty manager|engineering|operator) (?=says?|said|called|calls|calling|reports?|reported|got|has a complaint|complain)", " staff "),
        (r"\b(?:w/o)\b", " without "), (r"\bw/", " with "),
        (r"\bsat\b(?=\s*(?:vs|versus|v|and|&|to|or|than)\s+(?:the\s+)?(?:sun|mon|tue|wed|thu|fri|last|this|yest))", " saturday "),
        (r"\b(co2|humidity|temp\w*|kwh?|load|power|energy|demand|efficiency)\b((?:(?!\b(?:and|vs|or|minus)\b)[^,])*?)\bsat\b(?!\s*(?:sp\b|setpoint))",
         r"\1\2 saturday "),
        (r"\bsat\b", " supply air temp "),
        (r"\br\s*/?\s*h\b", " humidity "),
        (r"\brel(?:ative)?\.?\s+hum(?:idity)?\b", " humidity "),
        (r"\bair[\s-]+con(?:ditioner|ditioning|d)?s?\b|\bair[\s-]*conditioning\b", " aircon "),
        (r"\boff[ -]line\b", " offline "),
        (r"\bwhere abouts (?:is|are)\b", " where is "),
        (r"\bch\s+(?=which|all\b|units)", " chiller "), (r"(?<=\ball )ch\b|(?<=which )ch\b|(?<=each )ch\b", " chillers "),
        (r"\bair[\s-]+flow\b", " airflow "),
        (r"\b(?:in|on)\s+(?:the\s+)?hand\b", " in-hand "),
        (r"\bflat[\s-]+lin(?:e|ed|ing)\b|\bflatlin(?:e|ed|ing)\b", " flatline "),
        (r"\bair[\s-]+hand(?:ling|ler)s?(?:[\s-]+units?)?\b", " ahu "),
        (r"\bfan[\s-]+coils?(?:[\s-]+units?)?\b", " fcu "),
        (r"\bwater[\s-]+chillers?\b", " chiller "),
        (r"\b(?:dedicated out(?:door|side) air systems?|(?:fresh|primary|outdoor|outside|make-?up)[\s-]+air[\s-]+(?:handling[\s-]+)?units?)\b",
         " doas "),
        (r"\b(\d+)\s*(?:hp)\b", r" \1 hp "),
        (r"(?<=\d)\s*(?:°|º|deg(?:rees?)?\.?)\s*([cf])\b", r"\1"),
        (r"[°º]\s*([cf])\b", r" degrees \1 "),
    )
)  # fmt: skip

_TRADE = """
    chiller chillers pump pumps tower towers cooling meter meters weather station building hotel plant
    primary secondary condenser condensing evaporator chilled water decoupler lobby ballroom restaurant offices
    office floor level room rooms guest guests equipment sensor sensors damper dampers valve valves filter
    strainer thermostat corridor compressor
    temp supply return leaving entering discharge mixed outside outdoor ambient zone humidity pressure static
    differential airflow speed running status power energy electricity consumption efficiency efficient
    inefficient approach capacity setpoint current voltage battery occupied occupancy runtime schedule
    refrigerant position feedback demand amps
    yesterday today tomorrow tonight morning afternoon evening night overnight midnight weekend week weeks
    month months hours minutes monday tuesday wednesday thursday friday saturday sunday january february april
    june july august september october november december since between previous during
    average maximum minimum highest lowest hottest coldest warmest coolest total peak compare compared
    comparison versus difference trend history graph chart profile degrees
    override overrides overridden manual automatic forced priority release operator
    fault faults alarm alarms problem problems issue issues broken wrong reason cause diagnose investigate
    critical anomaly anomalies expensive
    stuffy freezing chilly muggy humid noisy smell smelly complain complaint complaining complained sweating boiling
    aircon stale flatline frozen offline drifting drift missing faulty reporting communicating calibrate trust
    procedure maintenance serviced service repair repairs repaired replaced cleaned cleaning technician
    contractor labour report reports summary generate prepare export excel monthly weekly daily
    switch switching change increase decrease reduce raise lower please where located serves serving feeds
    upstream downstream supplies which what should recommended sequence operation
    ignore instructions disregard system prompt warm humid complains moisture chiller condensate trending reading readings
    turn turned turning twisted stopped started running recommend
    passing stuck leaking fouled schedule noise vibration list show
    """

_EVERYDAY = """
    about above according across actually after again against alarm all allowed almost also always anyone anything
    anywhere around asked asking away back been before behind being below best better between beyond both bring
    build burn burning business busy call called calling came capital check checking clean clear close closed cold
    come coming contact correct could count cover data date days dear design device devices dinner does doing done
    door doors down draw drawing drawn drop during each early else email engineer enough even every exactly
    explain fast fastest feel feeling feels find first fixed flow following food football force found four free
    from full further game gave gets getting give given gives gold good great group hand handover happen happened
    happening hard hardware have having health heat heating hello help here high higher hilton hold hour hours
    house hows idea inside instead into issue item itself jobs joke just keep keeps kill kind know known large
    last late later latest least leave left less level like likely limit line list little live load loads local
    location lock long longer look looking lost lots loud lower made mail main make makes making many match mate
    matter mean meaning means measure measured message might mixed mode model moment money more most move movie
    much music must name near nearby need needed needs never news next nice night none normal note nothing number
    often okay older once only open opened opening operating operation order orders other others over part parts
    past people person place play please point points poem possible president press print problem push
    quick quickly quite rain rather read reading readings ready real really recipe record reduce remove
    replace request reset reading rest right risk root rule rules running safe said same save says score second
    seem seems seen self send sent serve served set sets setting several shift short should shut side sign
    simple single site size slow small smell some someone something song soon sort sound space spend spent
    stage stand start started starting starts state states stay steps still stock stop stopped stops story
    strange stuff such sure system systems take taken taking talk taxi team tell than thank thanks that their
    them then there these they thing things think this those though three through time times today together told
    took total touch train translate tree tried trip trips true trust turn turned turning type unit units
    until upon upper used useful user using usual usually value values very visit wait want wanted warm warmer
    watch ways week well went were what when where which while whole will wind with within without wont
    word work worked working works world worse worst would write wrong year years young your yours
    alot answer ahead area areas black blue bill bills book boss boiler boilers cafe capital cheap chief city client code
    codes coil coils column command commands compare condition cook cool cooler cost costs country daily dark decide
    degrees desk detail details difference drive during earth ease east edge ever exchange extra face fact fail
    failed failing fails fall fans feature feed feeds field file fill fire five forget forecast france french fresh
    front fuel future gain gauge generate girl glass grow guess guest guide half happy hear heard high history hope
    hotter humid ice idle image important improve india input instructions internet iron join kitchen land language
    lead leak learn letter light lights lights living london lunch machine magic manager market meeting member
    menu metal middle mind minute miss monitor mood motor mouth multiple nature necessary network note
    object offer office oil output owner page paid pair paper park pass password path pattern pay peace
    phone photo pick picture pipe plan plans planet platform player pool post power pretend previous price prices
    private probably process produce program project prompt proper protect public pull purpose quality question
    quiet rate rates ratio reach reason receive red regular relay rent replacement rest result reveal rich ride ring
    river road rock roof rough round rush safety sale sauna scale school screen search season secret section security
    sell sense series seven shape share ship shop show side silent similar since skin sleep smart snow social
    solar solution source south speak special sport spot spring star station step stone store street
    strong student style subject sugar suggest sun support table tall tank target task teach test text thick thin
    third tight tiny tired title tool tools touch tour town track trade traffic travel trouble truck tube twice
    under understand upload usage vacant variable vent version video view voice wall warning wash waste weak wear
    wheel white wide wife win winner winter wire wish woman wood yellow zero noise reported complains cleaned
    startup shutdown fouling fouled scaling surge choked clogged clog blocked leak leaking dirty dirtiest basin bulb airport
    starving starved suction remote charger charging
    hunting scroll details cutout outstanding backlog overdue changeover duty
    bump crank boost ramp silence revert useless logic strategy whatever pizza cranky breaks
    startup shutdown dodgy flaky alarming moaning heat rank percentage blowing vacancy standby calories pizza
    serving supplied pipes bleed tubes tube locked tagout lockout capital poems song capacity datasheet
    """

CORRECT_TOWARDS = frozenset(in_order(_TRADE))
PLAIN = frozenset(in_order(_EVERYDAY))
"""Common words that are not typing errors, so they are left alone."""
OWN = frozenset(
    in_order(
        """
        chwp schwp doas riverside fcus vavs ahus doass kilowatt delta wetbulb flatline switchon switchoff stopit
        startit commandit raiseit lowerit setit releaseit politely yesno bangkok baht celsius fahrenheit
        gpm lps handle rooftop decoupler approach mttr lift iaq hvac bms ddc vsd vfd lockout tagout
        """
    )
)
"""Names, units and the marks that Thai verbs leave."""
_NOT_ONLY_OURS = """
    yesterday today tomorrow tonight morning afternoon evening night overnight midnight weekend week weeks month
    months hours minutes monday tuesday wednesday thursday friday saturday sunday january february april june july
    august september october november december since between previous during average maximum minimum highest
    lowest total compare please where what which should list show weather lower change turn turned turning started
    stopped running wrong reason cause guest guests priority current trust missing monthly weekly daily summary
    recommend recommended hotel restaurant smell raise difference versus generate prepare ignore instructions
    disregard system prompt warm reading readings which
    """
_ALSO_OURS = "checklist shift economizer economiser staging interlock conductivity legionella biocide decoupler tube tubes strainers cleaning valve surge trip trip trips coil fan fans duct pipe alarm oil belt motor setback"
DOMAIN = (
    (CORRECT_TOWARDS - frozenset(in_order(_NOT_ONLY_OURS))) | OWN | frozenset(in_order(_ALSO_OURS))
)
"""Words of the trade: a how-to without any of them is about something else."""
