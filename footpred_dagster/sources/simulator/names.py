"""Names of clubs that do not exist, one stock per country.

A name is an invented place, stem plus ending, dressed as its country dresses clubs. No place occurs twice in the whole
stock, so neither names nor the slugs made from them collide between countries; a test holds every name that any seed
can produce against the real clubs of ``team_aliases.csv``. ASCII only, as nearly all names at the source.
"""

from __future__ import annotations

from dataclasses import dataclass

from footpred_dagster.sources.simulator.dice import dice


@dataclass(frozen=True, slots=True)
class _Stock:
    stems: tuple[str, ...]
    endings: tuple[str, ...]
    dresses: tuple[str, ...]


def _stock(stems: str, endings: str, dresses: str) -> _Stock:
    return _Stock(tuple(stems.split()), tuple(endings.split()), tuple(dresses.split("|")))


_STOCKS = {
    "England": _stock(
        "Quill Larks Fennow Tarnet Mossel Puddle Bramble Wither Foxen Hazzle Ottery Plover Sorrel Teasel Yarrow",
        "mere wick combe thorpe stead minster bourne gate shaw",
        "{}|{} Town|{} Rovers|{} Wanderers|{} Albion",
    ),
    "Scotland": _stock(
        "Dunwhist Strathoon Glenfarrow Kirkbogle Auchenwee Invermuckle Craigloom Balnahoot Lochsprig Pitgorse Ardsnell "
        "Cairnwisp",
        "ie och more ness law burn side head muir",
        "{}|{} Thistle|{} Burgh|{} Vale",
    ),
    "Germany": _stock(
        "Nebel Quarz Wacholder Dachsen Iltis Hummel Krahen Schlehen Zinnen Ginster",
        "heim brunn stett weiler quell hagen",
        "{}|SV {}|TSV {}|Blau-Gelb {}",
    ),
    "Italy": _stock(
        "Montequi Valspino Roccalba Sanvolpe Torrefumo Collegufo Pontelupa Acquaspri Vignaver Castelnebbi",
        "ola ezza ano uccio etta igno",
        "{}|US {}|{} Calcio",
    ),
    "Spain": _stock(
        "Valdecigu Penaluen Fuentegri Olivarro Castrozor Riobuho Sotoquim Almendru Torrelinc Vegamoch",
        "eja illos ana edo inas ero",
        "{}|CD {}|UD {}",
    ),
    "France": _stock(
        "Bellebrum Clairgren Montfauvet Hautepluie Noirloutr Grandhibou Pierrefeug Vauxmusard Champlune Boisrenar",
        "ac igny euil ville ence ois",
        "{}|AS {}|US {}",
    ),
    "Netherlands": _stock(
        "Kikker Mistel Reiger Wolken Tulpen Zwaluw Otter Klaver Elzen Veenmol",
        "dijk broek wolde horn sluis kamp",
        "{}|SC {}|{} Boys",
    ),
    "Belgium": _stock(
        "Vossel Mosbeek Heuvelt Sparrend Egelo Beukel Grauwin Pluimen Wilgenr Koekel",
        "gem zele voorde rode hove mont",
        "{}|KV {}|RC {}",
    ),
    "Portugal": _stock(
        "Vilacoruj Montelebr Ribanev Pedraraf Quintolm Fontegal Serramel Valtordo Casalur Aguafris",
        "osa inho eda ares oura elos",
        "{}|SC {}|GD {}",
    ),
    "Turkey": _stock(
        "Ciceklib Baykusd Sisliov Kavakder Yildizk Tilkik Karacam Leylekp Zambakl Ceviz",
        "ere agi uren oylu alan epe",
        "{}|{} SK|{} Genclik",
    ),
    "Greece": _stock(
        "Kouvakon Melissop Asprolith Pefkovr Elafin Glavkor Thymaroc Korakop Nerovour Anemol",
        "eri ousa ada iotis ochi ini",
        "{}|AO {}|PS {}",
    ),
}


def every_name(country: str) -> set[str]:
    """All names any seed can give to a club of ``country``."""
    stock = _STOCKS[country]
    return {dress.format(stem + ending) for stem in stock.stems for ending in stock.endings for dress in stock.dresses}


def club_names(seed: int, country: str, count: int) -> tuple[str, ...]:
    """``count`` names, the same for a seed whatever the count: a larger world only adds clubs.

    Raises ValueError when the country has no such number of places.
    """
    stock = _STOCKS[country]
    places = [stem + ending for stem in stock.stems for ending in stock.endings]
    if count > len(places):
        raise ValueError(f"{count} clubs asked for in {country}, there are names for {len(places)}")
    chance = dice(seed, country, "names")
    order = chance.permutation(len(places))
    dressed = chance.integers(len(stock.dresses), size=len(places))
    return tuple(stock.dresses[dressed[number]].format(places[place]) for number, place in enumerate(order[:count]))
