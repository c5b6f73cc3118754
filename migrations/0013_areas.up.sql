-- An area is a circle (radius_m) or a polygon (boundary); latitude and longitude are its middle either way.

ALTER TABLE service_areas
    ALTER COLUMN radius_m DROP NOT NULL,
    -- A GeoJSON Polygon (RFC 7946 §3.1.6): longitude first, rings closed, all rings but the first are holes.
    ADD COLUMN boundary jsonb,
    ADD CONSTRAINT service_areas_circle_or_polygon CHECK (num_nonnulls(radius_m, boundary) = 1),
    -- Whether its line crosses itself is judged before it comes here (places/rules/shapes.py).
    ADD CONSTRAINT service_areas_boundary_is_closed CHECK (
        boundary IS NULL
        OR coalesce(
            boundary ->> 'type' = 'Polygon'
            AND jsonb_array_length(boundary #> '{coordinates,0}') >= 4
            AND boundary #> '{coordinates,0,0}' = boundary #> '{coordinates,0,-1}',
            false
        )
    );
