"""A hand-made road map of Austin and its surroundings.

The junctions lie roughly where the real ones do; nothing here is fit for real navigation.
"""

from dataclasses import dataclass
from typing import NamedTuple


class Point(NamedTuple):
    lat: float
    lng: float


@dataclass(frozen=True, slots=True)
class Road:
    name: str
    speed_kmh: int
    junctions: tuple[str, ...]
    """Names of its junctions in driving order; each neighbouring pair is an edge, open both ways."""


MOTORWAY, HIGHWAY, AVENUE, STREET = 100, 80, 55, 40
JUNCTIONS = {
    # I-35, north to south
    "I-35 at University": Point(30.5607, -97.6895),
    "I-35 at US-79": Point(30.5120, -97.6885),
    "I-35 at SH-45": Point(30.4805, -97.6730),
    "I-35 at Wells Branch": Point(30.4400, -97.6690),
    "I-35 at Parmer": Point(30.4180, -97.6715),
    "I-35 at Braker": Point(30.3795, -97.6760),
    "I-35 at Rundberg": Point(30.3590, -97.6870),
    "I-35 at US-183": Point(30.3450, -97.6935),
    "I-35 at Koenig": Point(30.3205, -97.7045),
    "I-35 at 51st": Point(30.3120, -97.7085),
    "I-35 at Airport": Point(30.2995, -97.7150),
    "I-35 at 38th": Point(30.2925, -97.7210),
    "I-35 at MLK": Point(30.2795, -97.7295),
    "I-35 at 6th": Point(30.2662, -97.7345),
    "I-35 at Cesar Chavez": Point(30.2605, -97.7370),
    "I-35 at Riverside": Point(30.2490, -97.7375),
    "I-35 at Oltorf": Point(30.2335, -97.7420),
    "I-35 at Ben White": Point(30.2165, -97.7510),
    "I-35 at William Cannon": Point(30.1890, -97.7690),
    "I-35 at Slaughter": Point(30.1655, -97.7850),
    "I-35 at SH-45 South": Point(30.1265, -97.8000),
    # MoPac
    "MoPac at SH-45": Point(30.4755, -97.7010),
    "MoPac at Parmer": Point(30.4235, -97.7030),
    "MoPac at Braker": Point(30.3985, -97.7270),
    "MoPac at US-183": Point(30.3790, -97.7390),
    "MoPac at Anderson": Point(30.3625, -97.7465),
    "MoPac at 2222": Point(30.3370, -97.7555),
    "MoPac at 45th": Point(30.3180, -97.7590),
    "MoPac at Enfield": Point(30.2870, -97.7710),
    "MoPac at Cesar Chavez": Point(30.2745, -97.7720),
    "MoPac at Bee Caves": Point(30.2665, -97.7790),
    "MoPac at Loop 360": Point(30.2445, -97.8020),
    "MoPac at Ben White": Point(30.2335, -97.8215),
    "MoPac at William Cannon": Point(30.2215, -97.8380),
    "MoPac at Slaughter": Point(30.2010, -97.8610),
    "MoPac at SH-45 South": Point(30.1750, -97.8850),
    # US-183, north-west to south-east
    "US-183 at Whitestone": Point(30.5285, -97.8160),
    "US-183 at Cypress Creek": Point(30.4930, -97.8080),
    "US-183 at RM-620": Point(30.4690, -97.7960),
    "US-183 at Spicewood Springs": Point(30.4330, -97.7715),
    "US-183 at Braker": Point(30.4010, -97.7490),
    "US-183 at Loop 360": Point(30.3890, -97.7420),
    "US-183 at Burnet": Point(30.3690, -97.7270),
    "US-183 at Lamar": Point(30.3510, -97.7050),
    "US-183 at US-290": Point(30.3240, -97.6690),
    "US-183 at MLK": Point(30.2880, -97.6640),
    "US-183 at Airport": Point(30.2440, -97.6790),
    "US-183 at SH-71": Point(30.2140, -97.6680),
    # RM-620 and the lake
    "RM-620 at Parmer": Point(30.4930, -97.7480),
    "RM-620 at Anderson Mill": Point(30.4430, -97.8290),
    "RM-620 at 2222": Point(30.3980, -97.8500),
    "RM-620 at the Dam": Point(30.3880, -97.9030),
    "RM-620 at Lohmans Crossing": Point(30.3610, -97.9600),
    "RM-620 at Lakeway": Point(30.3390, -97.9690),
    "RM-620 at SH-71": Point(30.3085, -97.9420),
    # Loop 360 and the western hills
    "Loop 360 at 2222": Point(30.3620, -97.7890),
    "Loop 360 at Westlake": Point(30.3310, -97.8060),
    "Loop 360 at Bee Caves": Point(30.2925, -97.8270),
    "Bee Caves at Westlake Drive": Point(30.2865, -97.8080),
    "Bee Caves at Rollingwood": Point(30.2750, -97.7890),
    "Redbud at Lake Austin": Point(30.2915, -97.7870),
    # Lamar and Burnet
    "Lamar at Parmer": Point(30.4135, -97.6840),
    "Lamar at Braker": Point(30.3860, -97.6860),
    "Lamar at Rundberg": Point(30.3640, -97.6960),
    "Lamar at Anderson": Point(30.3405, -97.7160),
    "Lamar at Koenig": Point(30.3265, -97.7275),
    "Lamar at 45th": Point(30.3125, -97.7370),
    "Lamar at 38th": Point(30.3035, -97.7425),
    "Lamar at MLK": Point(30.2825, -97.7500),
    "Lamar at 6th": Point(30.2705, -97.7535),
    "Lamar at Cesar Chavez": Point(30.2668, -97.7565),
    "Lamar at Barton Springs": Point(30.2600, -97.7580),
    "Lamar at Oltorf": Point(30.2475, -97.7720),
    "Lamar at Ben White": Point(30.2345, -97.7935),
    "Burnet at Braker": Point(30.3960, -97.7190),
    "Burnet at Anderson": Point(30.3570, -97.7315),
    "Burnet at Koenig": Point(30.3340, -97.7400),
    "Burnet at 45th": Point(30.3160, -97.7410),
    # Downtown and the university
    "Guadalupe at 45th": Point(30.3105, -97.7290),
    "Guadalupe at 38th": Point(30.3020, -97.7385),
    "Guadalupe at MLK": Point(30.2815, -97.7420),
    "Guadalupe at 6th": Point(30.2690, -97.7455),
    "Guadalupe at Cesar Chavez": Point(30.2640, -97.7475),
    "Congress at 6th": Point(30.2682, -97.7425),
    "Congress at Cesar Chavez": Point(30.2625, -97.7445),
    # South
    "Congress at Riverside": Point(30.2580, -97.7465),
    "Congress at Oltorf": Point(30.2385, -97.7520),
    "Congress at Ben White": Point(30.2205, -97.7600),
    "Congress at William Cannon": Point(30.1930, -97.7770),
    "Congress at Slaughter": Point(30.1700, -97.7890),
    "South 1st at Barton Springs": Point(30.2595, -97.7500),
    "South 1st at Oltorf": Point(30.2430, -97.7590),
    "South 1st at Ben White": Point(30.2265, -97.7690),
    "South 1st at William Cannon": Point(30.1985, -97.7850),
    "South 1st at Slaughter": Point(30.1760, -97.8010),
    "Menchaca at William Cannon": Point(30.2080, -97.8060),
    "Menchaca at Slaughter": Point(30.1830, -97.8260),
    # East
    "Riverside at Pleasant Valley": Point(30.2385, -97.7185),
    "Riverside at Montopolis": Point(30.2300, -97.6990),
    "Cesar Chavez at Pleasant Valley": Point(30.2510, -97.7120),
    "7th at Pleasant Valley": Point(30.2595, -97.7090),
    "7th at Airport": Point(30.2520, -97.6910),
    "MLK at Airport": Point(30.2815, -97.7000),
    "MLK at Springdale": Point(30.2830, -97.6850),
    "51st at Berkman": Point(30.3025, -97.6930),
    # Round Rock, Pflugerville, Cedar Park
    "US-79 at Mays": Point(30.5085, -97.6785),
    "US-79 at A.W. Grimes": Point(30.5140, -97.6520),
    "Gattis School at Mays": Point(30.4960, -97.6720),
    "Gattis School at A.W. Grimes": Point(30.4955, -97.6480),
    "Gattis School at Red Bud": Point(30.4990, -97.6170),
    "SH-45 at A.W. Grimes": Point(30.4800, -97.6450),
    "Pecan at FM-685": Point(30.4400, -97.6050),
    "University at A.W. Grimes": Point(30.5620, -97.6560),
    "Sam Bass at RM-1431": Point(30.5470, -97.7290),
    "Parmer at Whitestone": Point(30.5440, -97.7650),
    "Parmer at McNeil": Point(30.4480, -97.7280),
}

ROADS = (
    Road("I-35", MOTORWAY, tuple(name for name in JUNCTIONS if name.startswith("I-35 at"))),
    Road("MoPac", MOTORWAY, tuple(name for name in JUNCTIONS if name.startswith("MoPac at"))),
    Road("US-183", HIGHWAY, (
        "US-183 at Whitestone", "US-183 at Cypress Creek", "US-183 at RM-620", "US-183 at Spicewood Springs",
        "US-183 at Braker", "US-183 at Loop 360", "MoPac at US-183", "US-183 at Burnet", "US-183 at Lamar",
        "I-35 at US-183", "US-183 at US-290", "US-183 at MLK", "US-183 at Airport", "US-183 at SH-71")),
    Road("SH-45", MOTORWAY, (
        "US-183 at RM-620", "RM-620 at Parmer", "MoPac at SH-45", "I-35 at SH-45", "SH-45 at A.W. Grimes",
        "Pecan at FM-685")),
    Road("SH-45 South", HIGHWAY, ("MoPac at SH-45 South", "I-35 at SH-45 South")),
    Road("RM-620", HIGHWAY, (
        "US-183 at RM-620", "RM-620 at Anderson Mill", "RM-620 at 2222", "RM-620 at the Dam",
        "RM-620 at Lohmans Crossing", "RM-620 at Lakeway", "RM-620 at SH-71")),
    Road("Round Rock Avenue", AVENUE, ("RM-620 at Parmer", "I-35 at US-79")),
    Road("Loop 360", HIGHWAY, (
        "US-183 at Loop 360", "Loop 360 at 2222", "Loop 360 at Westlake", "Loop 360 at Bee Caves",
        "MoPac at Loop 360")),
    Road("2222", AVENUE, ("RM-620 at 2222", "Loop 360 at 2222", "MoPac at 2222", "Burnet at Koenig")),
    Road("Koenig", AVENUE, ("Burnet at Koenig", "Lamar at Koenig", "I-35 at Koenig", "US-183 at US-290")),
    Road("Bee Caves", AVENUE, (
        "RM-620 at SH-71", "Loop 360 at Bee Caves", "Bee Caves at Westlake Drive", "Bee Caves at Rollingwood",
        "MoPac at Bee Caves")),
    Road("Westlake Drive", STREET, ("Bee Caves at Westlake Drive", "Loop 360 at Westlake")),
    Road("Redbud", STREET, ("Bee Caves at Westlake Drive", "Redbud at Lake Austin", "MoPac at Enfield")),
    Road("Barton Springs", STREET, (
        "MoPac at Bee Caves", "Lamar at Barton Springs", "South 1st at Barton Springs",
        "Congress at Riverside")),
    Road("Lamar", AVENUE, (
        "I-35 at Wells Branch", "Lamar at Parmer", "Lamar at Braker", "Lamar at Rundberg", "US-183 at Lamar",
        "Lamar at Anderson", "Lamar at Koenig", "Lamar at 45th", "Lamar at 38th", "Lamar at MLK",
        "Lamar at 6th", "Lamar at Cesar Chavez", "Lamar at Barton Springs", "Lamar at Oltorf",
        "Lamar at Ben White")),
    Road("Burnet", AVENUE, (
        "MoPac at Parmer", "Burnet at Braker", "US-183 at Burnet", "Burnet at Anderson", "Burnet at Koenig",
        "Burnet at 45th", "Lamar at 45th")),
    Road("Guadalupe", STREET, (
        "Lamar at Koenig", "Guadalupe at 45th", "Guadalupe at 38th", "Guadalupe at MLK", "Guadalupe at 6th",
        "Guadalupe at Cesar Chavez", "South 1st at Barton Springs")),
    Road("Congress", AVENUE, (
        "Guadalupe at MLK", "Congress at 6th", "Congress at Cesar Chavez", "Congress at Riverside",
        "Congress at Oltorf", "Congress at Ben White", "Congress at William Cannon",
        "Congress at Slaughter")),
    Road("South 1st", AVENUE, (
        "South 1st at Barton Springs", "South 1st at Oltorf", "South 1st at Ben White",
        "South 1st at William Cannon", "South 1st at Slaughter")),
    Road("Menchaca", AVENUE, ("Lamar at Ben White", "Menchaca at William Cannon", "Menchaca at Slaughter")),
    Road("Cesar Chavez", AVENUE, (
        "MoPac at Cesar Chavez", "Lamar at Cesar Chavez", "Guadalupe at Cesar Chavez",
        "Congress at Cesar Chavez", "I-35 at Cesar Chavez", "Cesar Chavez at Pleasant Valley",
        "7th at Airport")),
    Road("5th and 6th", STREET, (
        "MoPac at Cesar Chavez", "Lamar at 6th", "Guadalupe at 6th", "Congress at 6th", "I-35 at 6th",
        "7th at Pleasant Valley", "7th at Airport")),
    Road("Enfield", STREET, ("MoPac at Enfield", "Lamar at MLK")),
    Road("MLK", AVENUE, (
        "Lamar at MLK", "Guadalupe at MLK", "I-35 at MLK", "MLK at Airport", "MLK at Springdale",
        "US-183 at MLK")),
    Road("38th", STREET, ("MoPac at 45th", "Lamar at 38th", "Guadalupe at 38th", "I-35 at 38th")),
    Road("45th", STREET, (
        "MoPac at 45th", "Burnet at 45th", "Lamar at 45th", "Guadalupe at 45th", "I-35 at 51st",
        "51st at Berkman", "MLK at Springdale")),
    Road("Airport", AVENUE, ("I-35 at Airport", "MLK at Airport", "7th at Airport", "US-183 at Airport")),
    Road("Anderson", AVENUE, ("MoPac at Anderson", "Burnet at Anderson", "Lamar at Anderson")),
    Road("Rundberg", STREET, ("Lamar at Rundberg", "I-35 at Rundberg")),
    Road("Braker", AVENUE, (
        "US-183 at Braker", "MoPac at Braker", "Burnet at Braker", "Lamar at Braker", "I-35 at Braker")),
    Road("Parmer", HIGHWAY, (
        "Parmer at Whitestone", "RM-620 at Parmer", "Parmer at McNeil", "MoPac at Parmer", "Lamar at Parmer",
        "I-35 at Parmer")),
    Road("McNeil", AVENUE, ("US-183 at Spicewood Springs", "Parmer at McNeil")),
    Road("Riverside", AVENUE, (
        "Congress at Riverside", "I-35 at Riverside", "Riverside at Pleasant Valley",
        "Riverside at Montopolis",
        "US-183 at SH-71")),
    Road("Pleasant Valley", STREET, (
        "7th at Pleasant Valley", "Cesar Chavez at Pleasant Valley", "Riverside at Pleasant Valley")),
    Road("Oltorf", STREET, (
        "Lamar at Oltorf", "South 1st at Oltorf", "Congress at Oltorf", "I-35 at Oltorf",
        "Riverside at Pleasant Valley")),
    Road("Ben White", HIGHWAY, (
        "MoPac at Ben White", "Lamar at Ben White", "South 1st at Ben White", "Congress at Ben White",
        "I-35 at Ben White", "US-183 at SH-71")),
    Road("William Cannon", AVENUE, (
        "MoPac at William Cannon", "Menchaca at William Cannon", "South 1st at William Cannon",
        "Congress at William Cannon", "I-35 at William Cannon")),
    Road("Slaughter", AVENUE, (
        "MoPac at Slaughter", "Menchaca at Slaughter", "South 1st at Slaughter", "Congress at Slaughter",
        "I-35 at Slaughter")),
    Road("Whitestone", AVENUE, (
        "US-183 at Whitestone", "Parmer at Whitestone", "Sam Bass at RM-1431", "I-35 at University",
        "University at A.W. Grimes")),
    Road("Sam Bass", STREET, ("Sam Bass at RM-1431", "I-35 at US-79")),
    Road("US-79", AVENUE, ("I-35 at US-79", "US-79 at Mays", "US-79 at A.W. Grimes")),
    Road("Mays", STREET, ("US-79 at Mays", "Gattis School at Mays", "I-35 at SH-45")),
    Road("Gattis School", AVENUE, (
        "I-35 at SH-45", "Gattis School at Mays", "Gattis School at A.W. Grimes",
        "Gattis School at Red Bud")),
    Road("A.W. Grimes", AVENUE, (
        "University at A.W. Grimes", "US-79 at A.W. Grimes", "Gattis School at A.W. Grimes",
        "SH-45 at A.W. Grimes")),
    Road("Wells Branch", AVENUE, ("I-35 at Wells Branch", "Pecan at FM-685")),
)  # fmt: skip
