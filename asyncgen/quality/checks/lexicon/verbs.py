"""Verbs with the same meaning; forms are derived, and only equal forms may replace each other."""

VERBS = """
show = reveal = demonstrate = disclose
show = display
report = state = say = mention
complain of = report = note
note = observe = notice
see = observe = note
find = note = observe
find = detect = discover
detect = identify
receive = be given = get
give = administer
prescribe = order
order = request
perform = carry out = do = conduct
undergo = have
begin = start = commence = initiate
stop = discontinue = cease
stop = quit
continue = maintain
recommend = advise
develop = acquire
experience = have
suffer from = have
present = come in = come
evaluate = assess = examine
evaluate = investigate
require = need
reside = live
die = pass away
vomit = throw up
faint = pass out = lose consciousness
urinate = void = pass urine = micturate
worsen = get worse = become worse = deteriorate
improve = get better = become better
resolve = go away = disappear = subside = abate
increase = rise = go up
decrease = fall = drop = decline = go down
lower = reduce
relieve = alleviate = ease
aggravate = exacerbate = worsen
treat = manage
admit = hospitalize
discharge = release
transfer = move
monitor = observe = watch
obtain = take = collect
plan = schedule
arrange = schedule
assist = help
trigger = provoke = precipitate = set off = elicit
elicit = evoke
cause = produce
radiate = spread
spread = extend
itch = be pruritic
nurse = breastfeed
drink = consume
ingest = swallow
use = take
wake = awaken
sleep = rest
appear = look = seem
appear = emerge
last = persist
persist = continue
occur = happen = take place
contain = have
insert = place
place = put
place = position
remove = take out = excise
excise = cut out
resect = remove
repair = fix
drain = evacuate
refuse = decline
ask = request
inform = tell = notify
tell = instruct = advise
reassure = comfort
confirm = verify
remember = recall
hit = strike
slip = slide
limp = walk with a limp
bruise = develop bruises
smoke = use tobacco
visit = see
accompany = come with
bring = take
return = come back
choose = select
add = include
feel = palpate
palpate = feel
hear = auscultate
grow = enlarge
enlarge = increase in size
"""

IRREGULAR = """
say says said saying said
see sees saw seeing seen
find finds found finding found
be is was being been
get gets got getting gotten
give gives gave giving given
do does did doing done
undergo undergoes underwent undergoing undergone
have has had having had
begin begins began beginning begun
stop stops stopped stopping stopped
quit quits quit quitting quit
come comes came coming come
throw throws threw throwing thrown
lose loses lost losing lost
become becomes became becoming become
go goes went going gone
rise rises rose rising risen
fall falls fell falling fallen
drop drops dropped dropping dropped
take takes took taking taken
set sets set setting set
spread spreads spread spreading spread
drink drinks drank drinking drunk
wake wakes woke waking woken
sleep sleeps slept sleeping slept
put puts put putting put
cut cuts cut cutting cut
admit admits admitted admitting admitted
transfer transfers transferred transferring transferred
vomit vomits vomited vomiting vomited
hit hits hit hitting hit
strike strikes struck striking struck
slip slips slipped slipping slipped
slide slides slid sliding slid
tell tells told telling told
bring brings brought bringing brought
choose chooses chose choosing chosen
feel feels felt feeling felt
hear hears heard hearing heard
grow grows grew growing grown
plan plans planned planning planned
refer refers referred referring referred
draw draws drew drawing drawn
make makes made making made
know knows knew knowing known
keep keeps kept keeping kept
leave leaves left leaving left
"""
"""Base, third person, past, -ing, participle."""
