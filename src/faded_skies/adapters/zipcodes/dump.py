"""Writes what we use of the ZIP code data, one line each: code, latitude, longitude, state, county, cities.

A program of its own, run by `geocoder`: the library unpacks its data into 40 MB that it never gives back.
"""

import sys

import zipcodes


def main() -> None:
    for first_digit in "0123456789":
        for place in zipcodes.similar_to(first_digit):  # type: ignore[no-untyped-call]  # the library's own gap
            if place["active"] and place["country"] == "US":
                # The Post Office accepts some names and not others, but people use them all.
                cities = [place["city"], *place["acceptable_cities"], *place["unacceptable_cities"]]
                fields = [
                    place["zip_code"],
                    place["lat"],
                    place["long"],
                    place["state"],
                    place["county"],
                    *cities,
                ]
                sys.stdout.write("|".join(fields) + "\n")


if __name__ == "__main__":
    main()
