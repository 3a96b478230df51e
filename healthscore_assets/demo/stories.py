"""The clients with a story: what a reader should find in the scores, by name."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Story:
    """One client whose scores tell something; `tells` is the sentence to check them against."""

    key: str
    client_id: str
    client_name: str
    tells: str


STORIES: tuple[Story, ...] = (
    Story(
        "dying",
        "acct-0017",
        "Harrowgate Freight",
        "Declines every month from 2025-05 on: total_all from above 80 to below 25, "
        "direction down in each of the last six months.",
    ),
    Story(
        "silent",
        "acct-0042",
        "Quillstone Insurance",
        "Healthy until 2025-08, then in no export: total_all 0 for 2025-09 to 2025-11, "
        "out of the base in 2025-12.",
    ),
    Story(
        "silent_listed",
        "acct-0068",
        "Osprey Lane Clinics",
        "Still listed from 2025-10 on, but nobody clicks: total_all 0 and in the base.",
    ),
    Story(
        "growing",
        "acct-0095",
        "Marigold Robotics",
        "Grows every month of 2025: total_all from below 40 to above 85, "
        "direction up in each of the last six months.",
    ),
    Story(
        "champion",
        "acct-0121",
        "Tidewater Notaries",
        "One visitor makes at least 85 % of the clicks; seven others hardly any.",
    ),
    Story(
        "big_thin",
        "acct-0150",
        "Grand Union Schools",
        "More than 150 visitors who each do little: total_all 85 or more, per_user_all 25 or less.",
    ),
    Story(
        "small_deep",
        "acct-0173",
        "Three Oaks Studio",
        "Three visitors who live in the product: per_user_all 90 or more, total_all far lower.",
    ),
    Story(
        "launch",
        "acct-0204",
        "Firstlight Energy",
        "Takes up Automation in the month it appears: active_areas rises by one in 2025-03, "
        "among the most engaged clients of that area.",
    ),
    Story(
        "vendor_run",
        "acct-0226",
        "Bellweather Foods",
        "The vendor's own staff do the work: total_external at least 40 points below total_all.",
    ),
    Story(
        "returns",
        "acct-0251",
        "Comet Street Theatre",
        "In no export from 2025-01 to 2025-05: out of the base after three silent months, "
        "back in 2025-06 without a trend.",
    ),
    Story(
        "steady",
        "acct-0279",
        "Plainfield Utilities",
        "Nothing happens: direction flat in at least 18 of the 21 months where it is known.",
    ),
    Story(
        "unhappy_heavy",
        "acct-0072",
        "Saltmarsh Shipping",
        "Among the ten clients with most clicks in every month of 2025, and unhappy: no NPS answer "
        "of that year above 4, at least 30 % of its tickets escalated.",
    ),
    Story(
        "quiet_happy",
        "acct-0123",
        "Stillwater Museums",
        "Among the 10 % with the fewest clicks per listed visitor in every month of 2025, and "
        "content: every NPS answer 9 or 10, every CSAT answer 5, every invoice paid by its due "
        "date.",
    ),
    Story(
        "champion_left",
        "acct-0061",
        "Pemberton Surveyors",
        "One of five visitors made at least 30 % of the clicks from 2025-06 to 2025-08 and none "
        "from 2025-09 on; the stakeholder feed says in 2025-09 that this champion left.",
    ),
    Story(
        "late_payer",
        "acct-0264",
        "Brassgate Furniture",
        "Of four invoices due in 2025 one was paid in time, two late, and one is still open.",
    ),
    Story(
        "onboarding",
        "acct-0151",
        "Newhaven Marine",
        "Contract from 2025-10-06: set up in 2025-09 without a click, then more clicks and more "
        "active visitors each month.",
    ),
    Story(
        "three_missing",
        "acct-0234",
        "Fogbank Fisheries",
        "In the register and in every export, but without a row in surveys, touchpoints and "
        "invoices.",
    ),
)
