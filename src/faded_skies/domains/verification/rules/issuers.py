"""Who issues licences in North America, by Issuer Identification Number (IIN) and by two letters.

AAMVA publishes the numbers at https://www.aamva.org/identity/issuer-identification-numbers-(iin). The table here was
taken from public listings of that page, the enum of jonsagara/IdParser.Core and, as far as shown, LEADTOOLS' page on
`AAMVAJurisdiction` (both read in November 2026); they agree.
"""

from collections.abc import Mapping

from faded_skies.domains.verification.rules.licence import Country

_AMERICAN = {
    "636033": "AL", "636059": "AK", "604427": "AS", "636026": "AZ", "636021": "AR", "636014": "CA",
    "636020": "CO", "636006": "CT", "636011": "DE", "636043": "DC", "636010": "FL", "636055": "GA",
    "636019": "GU", "636047": "HI", "636050": "ID", "636035": "IL", "636037": "IN", "636018": "IA",
    "636022": "KS", "636046": "KY", "636007": "LA", "636041": "ME", "636003": "MD", "636002": "MA",
    "636032": "MI", "636038": "MN", "636051": "MS", "636030": "MO", "636008": "MT", "636054": "NE",
    "636049": "NV", "636039": "NH", "636036": "NJ", "636009": "NM", "636001": "NY", "636004": "NC",
    "636034": "ND", "604430": "MP", "636023": "OH", "636058": "OK", "636029": "OR", "636025": "PA",
    "604431": "PR", "636052": "RI", "636005": "SC", "636042": "SD", "636053": "TN", "636015": "TX",
    "636062": "VI", "636040": "UT", "636024": "VT", "636000": "VA", "636045": "WA", "636061": "WV",
    "636031": "WI", "636060": "WY",
}  # fmt: skip
_CANADIAN = {
    "604432": "AB", "990876": "AB", "636028": "BC", "636048": "MB", "636017": "NB", "636016": "NL",
    "636013": "NS", "604433": "NU", "636012": "ON", "604426": "PE", "604428": "QC", "636044": "SK",
    "604429": "YT",
}  # fmt: skip

# Neither a state nor a province of two letters: Coahuila, Hidalgo, and the State Department's own licences.
_NAMELESS: Mapping[str, Country] = {"636056": "MEX", "636057": "MEX", "636027": "USA"}

ISSUER_OF_IIN: Mapping[str, str] = {**_AMERICAN, **_CANADIAN}

COUNTRY_OF_ISSUER: Mapping[str, Country] = {
    **dict.fromkeys(_AMERICAN.values(), "USA"),
    **dict.fromkeys(
        [*_CANADIAN.values(), "NT"], "CAN"
    ),  # the Northwest Territories' number is not in the listings
}

COUNTRY_OF_IIN: Mapping[str, Country] = {
    **{iin: COUNTRY_OF_ISSUER[issuer] for iin, issuer in ISSUER_OF_IIN.items()},
    **_NAMELESS,
}
