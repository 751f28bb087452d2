"""OLX Group's advert API: Imovirtual, Otodom, Storia and OLX Romania (contracts/olx.md)."""
