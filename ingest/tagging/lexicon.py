"""The trade's abbreviations: words as they stand in point names -> what they mean.

Written from general knowledge of English, German, French and Thai control systems. A meaning is a
list of tags and of half-meanings (`supply`, `status`, `letter-a` ...) which the rules of
`ingest.tagging.rules` settle once kind of equipment, unit and object type are known.
Words are lower case without accents; the readers of `ingest.tagging.words` split compounds.
"""

from __future__ import annotations

from typing import Final

_QUANTITIES: Final = (
    ("temp", "tmp temp temps temperature temperatur temperatura tempr temper te อุณหภูมิ"),
    ("humidity", "hum humid humidity humidite feuchte feuchtigkeit hu rhum humi ความชื้น"),
    ("rh", "rh"),
    ("pressure", "pres press pressure prs pr druck pression psi ความดัน แรงดัน"),
    ("static pressure", "static statpr stpr dsp dusp ductstatic"),
    ("delta pressure", "diffpress differenzdruck dpt dps pdt"),
    ("delta", "differential diff delta dif"),
    ("dp", "dp"),
    ("flow", "flow flo flw airflow cfm gpm lps cmh volumenstrom durchfluss debit อัตราการไหล"),
    ("co2", "co2 "), ("co", "co"), ("quality", "aqual airqual qual iaq voc"),
    ("power", "kw power pwr watt wirkleistung leistung puissance "),
    ("energy", "kwh mwh energy enrg wirkenergie energie wh"),
    ("reactive", "reactive kvar var"), ("apparent", "kva apparent"), ("active", "active aktiv"),
    ("current", "current curr amp amps ampere strom cur courant กระแส"),
    ("volt", "volt volts voltage spannung tension"),
    ("factor", "factor"), ("pf", "pf powerfactor cosphi"), ("freq", "hz freq frequency frequenz"),
    ("speed", "spd speed speedref drehzahl ventilatorstufe stufe vitesse rpm ความเร็ว"),
    ("level", "lvl level niveau fullstand ระดับ"), ("load", "load loading lst auslastung firing"),
    ("enthalpy", "enthalpy enth"), ("temp wetBulb", "wet wb wetbulb wbt oawb"), ("temp dewPoint", "dew dewpoint dewpt taupunkt"),
    ("duration", "hrs hr hours hour runtime runhr runhrs rntm betriebsstunden heures"),
    ("volume", "m3 volume vol"), ("velocity", "velocity vel velo"),
)  # fmt: skip
_FUNCTIONS: Final = (
    ("sp", "sp setpoint setpt stpt setp stp setpoints set sollwert soll consigne sollw setpnt"),
    ("spt", "spt"), ("temp sp", "tsp"), ("pressure sp", "psp"), ("flow sp", "fsp"),
    ("cmd", "cmd command comm cmnd befehl stellsignal commande signal control ctrl"),
    ("out", "out"), ("output", "output outp ausgang"),
    ("status", "sts stat status state st stt statut zustand สถานะ"),
    ("feedback", "fbk fb feedback fdbk ruckmeldung actual act retour"),
    ("position", "pos posn position stellung"),
    ("run", "run running betrieb marche เดิน"), ("startstop", "ss onoff startstop start stop on off"),
    ("enable", "en ena enable enab enbl enabled freigabe kesselfreigabe autorisation"),
    ("alarm", "alm alarm alrm al alert diagnostic alarme สัญญาณเตือน"),
    ("fault", "fault trip tripped fail failure failed flr ftl storung defaut err error overload ovl defect"),
    ("flt", "flt"), ("dirty", "dirty verschmutzt clogged dty change"),
    ("mode", "mode mod auto automan hoa hand manual remote local betriebsart "),
    ("request", "req request requests rqst"), ("demand", "demand dmd dem anforderung"),
    ("relay", "relay rly"), ("sensor", "sensor sen sens snsr detector det input capteur messwert"),
    ("available", "available avail"), ("detect", "presence praesenz prasenz presenz psc motion pir"),
    ("count", "starts count counter number cycles"),
)  # fmt: skip
_SECTIONS: Final = (
    ("supply", "sup supply su suply sply zul spl"), ("supply air", "sa zuluft supair soufflage"),
    ("discharge", "dis disch discharge dsch"), ("discharge air", "da"),
    ("return", "extract recirc recirculation ret return rtn retn"), ("return air", "ra abluft reprise"),
    ("mixed", "mix mixed mxd"), ("mixed air", "ma mischluft"), ("mixed damper", "mad"),
    ("outside", "outside outdoor osa od ext aussen oda ambient amb"),
    ("outside air", "oa aussenluft outair freshair fa aul airneuf"), ("fresh", "fresh"),
    ("exhaust", "exh exhaust ex exhst"), ("exhaust air", "ea exhair fortluft"),
    ("zone", "zn zone rm room space spc raum zon salle chambre ambiance indoor zoneair ห้อง"),
    ("building", "bldg building bld"), ("entering", "ent entering entr inlet ew eintritt entree"),
    ("leaving", "lvg leaving lv leav outlet austritt sortie"),
    ("supply-line", "vorlauf vl depart fl"), ("return-line", "rucklauf rl"), ("rt", "rt"), ("tr", "tr"), ("duct", "duct dct kanal gaine"),
    ("discharge air temp", "sat dat sadt"), ("return air temp", "rat"), ("mixed air temp", "mat"),
    ("outside air temp", "oat oatemp aussentemperatur"), ("outside air humidity", "oah oarh aussenfeuchte"), ("exhaust air temp", "eat"),
    ("zone air temp", "znt zat rmt zt raumtemperatur rmtmp"), ("discharge air flow", "saf daf"), ("outside air flow", "oaf"),
    ("outside co2", "oaq"), ("leaving air temp", "lat"),
    ("outside damper", "oad"), ("return damper", "rad"), ("exhaust damper", "ead"), ("zone air humidity", "sprh zrh znh"),
    ("zone air co2", "znco2"), ("discharge air pressure", "sap dap"),
)  # fmt: skip
_MEDIA: Final = (
    ("air", "air luft ar lufte"), ("water", "wtr water wasser eau"), ("chilled water", "chw chwtr kaltwasser chilled น้ำเย็น"),
    ("chilled water supply", "chws chwsup kws"), ("chilled water return", "chwr chwrtn"),
    ("condenser-or-chilled water", "cw"), ("condenser-or-chilled water supply", "cws"), ("condenser-or-chilled water return", "cwr"),
    ("condenser water", "cdw cndw kuhlwasser condw น้ำหล่อเย็น"), ("condenser water supply", "cdws"), ("condenser water return", "cdwr"),
    ("hot water", "hw hhw hotwater warmwasser heizwasser hwtr lthw mthw น้ำร้อน"), ("hot water supply", "hws hhws"), ("hot water return", "hwr hhwr"),
    ("domestic hot water", "dhw"), ("domestic water", "dcw domestic"), ("hot", "hot"), ("condenser", "cond condenser cndr"),
    ("leaving water temp", "lwt"), ("entering water temp", "ewt"),
    ("chilled water leaving temp", "lchwt chwlt"), ("chilled water entering temp", "echwt"),
    ("condenser water leaving temp", "lcwt"), ("condenser water entering temp", "ecwt"),
    ("steam", "stm steam dampf vapeur"), ("refrig", "refrig refrigerant refr ref"), ("evaporator", "evap evaporator evp"),
    ("oil", "oil"), ("gas", "gas"), ("elec", "elec electric electrical elektro"), ("suction", "suct suction"), ("steam valve", "stv"),
)  # fmt: skip
_DEVICES: Final = (
    ("fan", "fan fn ventilator ventilateur พัดลม"), ("supply fan", "sf sfan supfan zuluftventilator"), ("return fan", "rf rfan retfan abluftventilator"),
    ("exhaust fan", "ef exf efan gef tef exhfan fortluftventilator"), ("damper", "dmpr dpr dmp damper dmper klappe registre dampr"),
    ("outside damper", "aussenluftklappe"), ("exhaust damper", "fortluftklappe"),
    ("valve", "vlv valve val ventil vanne valv mischventil วาล์ว"), ("cool valve", "kuhlventil ccv clv"), ("heat valve", "heizventil hcv"),
    ("pump", "pump pmp pumpe pu ปั๊ม"), ("compressor", "comp compressor cmp kompressor verdichter compr"),
    ("filter", "filt filter fltr fil filtre ฟิลเตอร์"), ("coil", "coil register"), ("cool coil", "ccl ccoil kuhler"), ("heat coil", "hcl hcoil erhitzer"),
    ("heatWheel", "wheel whl hrw wrg erw heatwheel htwhl"), ("economizer", "econ economizer economiser ecn"),
    ("freezeStat", "frz freeze frst frost freezestat frostschutz lowtemp "), ("fire", "fire"), ("smoke", "smk smoke rauch smokedet"),
    ("window", "wnd window fenster fensterkontakt fenetre win"), ("door", "door tur dr balcdr porte"), ("keycard", "keycard key card keytag"),
    ("lights", "ltg light lights lighting licht beleuchtung"), ("battery", "batt battery batterie"), ("basin", "basin sump"),
    ("vibration", "vib vibration"), ("vfd", "vfd vsd fu drive inverter inv umrichter"), ("motor", "motor mot "), ("humidifier", "humidifier befeuchter hmdf"),
    ("circuit", "circuit ckt circ"), ("flame", "flame flm"), ("switch", "switch sw contact cont cutout schalter kontakt"), ("belt", "belt"),
)  # fmt: skip
_QUALIFIERS: Final = (
    ("cool", "clg cool cooling cl cooler kuhlen kuhlung klg kalt"), ("heat", "htg heat heating ht heizen heizung chauffage"),
    ("reheat", "rht reheat rhtg"), ("preheat", "preheat ph prht vorerhitzer "),
    ("effective", "eff effective aktuell"), ("occ", "occ occupied occupancy occup belegt belegung"), ("unocc", "unocc unoccupied unoc"),
    ("standby", "stby standby"), ("min", "min minimum mn"), ("max", "max maximum mx limit lim"), ("low", "lo low"), ("high", "hi high"),
    ("isolation", "iso isol isolation"), ("bypass", "byp bypass"), ("makeup", "makeup mkup mu"), ("primary", "pri prim primary"),
    ("secondary", "sec secondary"), ("offset", "adj adjust adjustment offset shift"), ("schedule", "sch sched schedule sche zeitplan"),
    ("low-temp", "lt"), ("thermal", "thermal btu warmeenergie"), ("flow max", "maxflow"), ("flow min", "minflow"),
    ("position min", "minpos"), ("avg", "avg average"),
)  # fmt: skip
_SILENT: Final = (
    ("", ("of the and for to bas lmh unit local value pv present analog binary point pt system sys no "
         "consumption jet bulb rate dry lamp import rated concentration total ttl tot main l m h n e l1 l2 l3 n1 percent pct prozent currently common loop header hdr "
         "capacity cap phase ph1 application mv av ai ao bi bo bv di do feed single tank "
         "relative rel real raw")),
    ("config", ("ramp ramprate tuning tun gain kp ki kd pid integral prop proportional band deadband db reset rst bias "
               "delay timer time timeout spare sep separation hysteresis restart version instance test calib cal dummy emergency override ovrd ovr")),
)  # fmt: skip

LETTERS: Final = {
    "t": "temp", "p": "pressure", "h": "humidity", "q": "quality", "s": "status", "c": "cmd", "o": "output", "f": "flow",
    "a": "letter-a", "v": "letter-v", "r": "letter-r", "k": "letter-k",
}  # fmt: skip
"""A letter that stands alone or ends a compound, as in ZN-T, SF-C, CHWST, CHWV."""


def _read_tables() -> dict[str, tuple[str, ...]]:
    tables = (_QUANTITIES, _FUNCTIONS, _SECTIONS, _MEDIA, _DEVICES, _QUALIFIERS, _SILENT)
    return {
        word: tuple(meaning.split())
        for table in tables
        for meaning, words in table
        for word in words.split()
    }


LEXICON: Final[dict[str, tuple[str, ...]]] = _read_tables()
"""Word -> meanings; an empty meaning is a word that is known and says nothing."""
