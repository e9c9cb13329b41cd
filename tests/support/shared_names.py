"""Names that mean two clubs in different decades, each with the source it was checked against."""

ONE_NAME_TWO_CLUBS = [
    # country, name, last season of the first club, first season of the second, why, source
    (
        *("Belgium", "Mouscron", "2009-10", "2010-11"),
        "R.E. Mouscron (registration 224, struck off in 2009); R.R.C. Peruwelz (216) moved to its ground in 2010",
        "https://fr.wikipedia.org/wiki/Royal_Excelsior_Mouscron",
    ),
    (
        *("Belgium", "Seraing", "2013-14", "2014-15"),
        "R.F.C. Seraing (17, absorbed by Standard in 1996); Boussu Dour Borinage (167) moved to Seraing in 2014",
        "https://fr.wikipedia.org/wiki/Royal_Football_Club_Seraing_(17)",
    ),
    (
        *("Belgium", "Waregem", "2000-01", "2001-02"),
        "K.S.V. Waregem left the federation; Zultse V.V. (5381) moved to its ground in 2001, no merger",
        "https://fr.wikipedia.org/wiki/SV_Zulte_Waregem",
    ),
    (
        *("England", "Chester", "2009-10", "2010-11"),
        "Chester City (1885, wound up in 2010); Chester F.C., founded in 2010, has a record of its own",
        "https://en.wikipedia.org/wiki/Chester_F.C.",
    ),
    (
        *("England", "Halifax", "2007-08", "2008-09"),
        "Halifax Town A.F.C. (1911, ceased to exist in 2008); FC Halifax Town, founded in 2008",
        "https://en.wikipedia.org/wiki/FC_Halifax_Town",
    ),
    (
        *("Spain", "Logrones", "2008-09", "2009-10"),
        "CD Logroñés (withdrew in 2009); UD Logroñés, founded in 2009 on the place of CD Varea",
        "https://es.wikipedia.org/wiki/Unión_Deportiva_Logroñés",
    ),
    (
        *("Spain", "Lorca", "2011-12", "2012-13"),
        "Lorca Deportiva CF (2005-07); Lorca FC, founded in 2003 as La Hoya Deportiva (2017-18)",
        "https://es.wikipedia.org/wiki/Lorca_Fútbol_Club_(2003)",
    ),
]
"""The source carries no record from the first club on to the second."""
