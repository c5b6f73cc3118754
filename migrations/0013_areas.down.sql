-- The release before knows circles only: it could not serve these areas.
DELETE FROM service_areas WHERE boundary IS NOT NULL;
ALTER TABLE service_areas
    DROP CONSTRAINT service_areas_boundary_is_closed,
    DROP CONSTRAINT service_areas_circle_or_polygon,
    DROP COLUMN boundary,
    ALTER COLUMN radius_m SET NOT NULL;
