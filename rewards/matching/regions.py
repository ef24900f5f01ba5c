"""What a place may lie in: countries, and the states and provinces that are named behind a town."""

from __future__ import annotations

from .text import normalize

_COUNTRIES = str.split(
    "Afghanistan Albania Algeria Andorra Angola Argentina Armenia Australia Austria Azerbaijan Bahamas Bahrain"
    " Bangladesh Barbados Belarus Belgium Belize Benin Bhutan Bolivia Botswana Brazil Brunei Bulgaria Burundi"
    " Cambodia Cameroon Canada Chad Chile China Colombia Comoros Congo Croatia Cuba Cyprus Czechia Denmark"
    " Djibouti Dominica Ecuador Egypt England Eritrea Estonia Eswatini Ethiopia Fiji Finland France Gabon Gambia"
    " Georgia Germany Ghana Greece Grenada Guatemala Guinea Guyana Haiti Honduras Hungary Iceland India Indonesia"
    " Iran Iraq Ireland Israel Italy Jamaica Japan Jordan Kazakhstan Kenya Kiribati Kosovo Kuwait Kyrgyzstan Laos"
    " Latvia Lebanon Lesotho Liberia Libya Liechtenstein Lithuania Luxembourg Madagascar Malawi Malaysia Maldives"
    " Mali Malta Mauritania Mauritius Mexico Moldova Monaco Mongolia Montenegro Morocco Mozambique Myanmar Namibia"
    " Nauru Nepal Netherlands Nicaragua Niger Nigeria Norway Oman Pakistan Palau Palestine Panama Paraguay Peru"
    " Philippines Poland Portugal Qatar Romania Russia Rwanda Samoa Scotland Senegal Serbia Seychelles Singapore"
    " Slovakia Slovenia Somalia Spain Sudan Suriname Sweden Switzerland Syria Taiwan Tajikistan Tanzania Thailand"
    " Togo Tonga Tunisia Turkey Turkmenistan Tuvalu Uganda Ukraine Uruguay Uzbekistan Vanuatu Venezuela Vietnam"
    " Wales Yemen Zambia Zimbabwe UK USA US Europe Asia Africa"
)
_STATES = str.split(
    "Alabama Alaska Arizona Arkansas California Colorado Connecticut Delaware Florida Hawaii Idaho Illinois"
    " Indiana Iowa Kansas Kentucky Louisiana Maine Maryland Massachusetts Michigan Minnesota Mississippi Missouri"
    " Montana Nebraska Nevada Ohio Oklahoma Oregon Pennsylvania Tennessee Texas Utah Vermont Virginia Washington"
    " Wisconsin Wyoming Alberta Manitoba Ontario Quebec Saskatchewan Queensland Tasmania Victoria Bavaria Saxony"
)
_LONGER = str.split(
    "New York, New Jersey, New Mexico, New Hampshire, North Carolina, South Carolina, North Dakota, South Dakota,"
    " West Virginia, Rhode Island, British Columbia, Nova Scotia, New South Wales, New Zealand, South Africa,"
    " South Korea, North Korea, Saudi Arabia, Sri Lanka, Costa Rica, El Salvador, Puerto Rico, Hong Kong, Northern"
    " Ireland, Great Britain, United Kingdom, United States, United States of America, United Arab Emirates, Czech"
    " Republic, Dominican Republic, Ivory Coast, Sierra Leone, Papua New Guinea, Burkina Faso, Bosnia and"
    " Herzegovina, Trinidad and Tobago, North Macedonia, West Germany, East Germany, Soviet Union, Washington DC,"
    " D.C., North America, South America",
    ", ",
)
REGIONS = frozenset(map(normalize, (*_COUNTRIES, *_STATES, *_LONGER)))
"""In normal form."""
